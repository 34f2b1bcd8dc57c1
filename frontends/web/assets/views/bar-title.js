/** The title of what is shown, above it: a press makes a field of it, Enter or going elsewhere keeps what was written. */
import { h, html, useEffect, useLayoutEffect, useRef, useState } from '../lib/dom.js';
import { renameTo } from '../lib/actions.js';
import { words } from '../strings/shell.js';

const say = words.act;

/** @param {{title: string, view?: import('../lib/list.js').View}} props what has no view has no title of its own */
function BarTitle({ title, view }) {
  const [isEdited, setEdited] = useState(false);
  const button = useRef(/** @type {HTMLButtonElement|null} */ (null));
  const isLeft = useRef(false);
  useEffect(() => setEdited(false), [view?.id]);
  useEffect(() => {
    if (!isEdited && isLeft.current) button.current?.focus();
    isLeft.current = false;
  }, [isEdited]);
  // A sub-agent is called what its parent called it.
  if (!view || view.kind === 'agent') return html`<span class="bar-title" title=${title}>${title}</span>`;
  const end = (/** @type {string|null} */ written, /** @type {boolean} */ isByKey) => {
    isLeft.current = isByKey;
    setEdited(false);
    if (written !== null) void renameTo(view, written);
  };
  if (isEdited) return h(TitleField, { value: view.title, end });
  return html`<button class="bar-title" ref=${button} title=${say.renameHere(title)} data-testid="title" onClick=${() => setEdited(true)}>${title}</button>`;
}

/** @param {{value: string, end: (written: string|null, isByKey: boolean) => void}} props */
function TitleField({ value, end }) {
  const field = useRef(/** @type {HTMLInputElement|null} */ (null));
  const isOver = useRef(false);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const once = (/** @type {string|null} */ written, /** @type {boolean} */ isByKey) => {
    // A field that is taken away loses the focus as well.
    if (isOver.current) return;
    isOver.current = true;
    end(written, isByKey);
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing || (event.key !== 'Enter' && event.key !== 'Escape')) return;
    event.preventDefault();
    // The same Escape does not stop what runs.
    event.stopPropagation();
    once(event.key === 'Enter' ? /** @type {HTMLInputElement} */ (event.currentTarget).value : null, true);
  };
  return html`<input class="input bar-title-field" ref=${field} value=${value} aria-label=${say.title} autocomplete="off"
    onKeyDown=${key} onBlur=${(/** @type {FocusEvent} */ event) => once(/** @type {HTMLInputElement} */ (event.currentTarget).value, false)} />`;
}

export { BarTitle };
