/** A place to drop files on, with a button that does the same for keyboards. Sends nothing: what was given is handed on. */
import { html, useRef, useState } from '../../lib/dom.js';

/**
 * @param {{
 *   text: any, pick: string, accept: string, isMultiple?: boolean, isBusy?: boolean,
 *   testid: string, fileTestid: string, take: (files: File[]) => void, children?: any,
 * }} props `text` says what may be dropped, `pick` is the button's name
 */
export function Drop({ text, pick, accept, isMultiple = false, isBusy = false, testid, fileTestid, take, children }) {
  const [isOver, setOver] = useState(false);
  const picker = useRef(/** @type {any} */ (null));
  const give = (/** @type {FileList | undefined | null} */ files) => {
    const list = [...(files ?? [])];
    const some = isMultiple ? list : list.slice(0, 1);
    if (some.length > 0 && !isBusy) take(some);
  };
  const drop = (/** @type {any} */ event) => {
    event.preventDefault();
    setOver(false);
    give(event.dataTransfer?.files);
  };
  const over = (/** @type {any} */ event) => {
    event.preventDefault();
    setOver(true);
  };
  const picked = (/** @type {any} */ event) => {
    give(event.target.files);
    // The same file can be picked again.
    event.target.value = '';
  };
  return html`<div class=${`manage-drop ${isOver ? 'manage-drop-over' : ''}`} data-testid=${testid}
      onDragOver=${over} onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <p>${text}</p>
    <input ref=${picker} type="file" accept=${accept} multiple=${isMultiple} hidden onChange=${picked} data-testid=${fileTestid} aria-label=${pick} />
    <button type="button" class="button" disabled=${isBusy} onClick=${() => picker.current.click()}>${pick}</button>
    ${children}
  </div>`;
}
