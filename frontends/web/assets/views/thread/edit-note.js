/** What editing a message means, above the field: what it drops, whether files go back, and the way out. */
import { html, useEffect, useState } from '../../lib/dom.js';
import { saidIn } from '../../lib/conversation/rows.js';
import { words } from '../../strings/thread.js';
import { forkAt } from './message-actions.js';

const say = words.composer;

/** @param {{edit: any, session: any, undoing: boolean, setUndoing: (is: boolean) => void, cancel: () => void}} props */
export function EditNote({ edit, session, undoing, setUndoing, cancel }) {
  const { conversation } = session;
  const [files, setFiles] = useState(0);
  useEffect(() => {
    let isOver = false;
    setFiles(0);
    conversation.read('diff', { before: edit.item.id }).then((/** @type {any[]} */ all) => !isOver && setFiles(all.length), () => {});
    return () => {
      isOver = true;
    };
  }, [edit]);
  const entries = conversation.items.value;
  const at = entries.findIndex((/** @type {any} */ one) => one.id === edit.item.id);
  const dropped = saidIn(entries.slice(at + 1)).length;
  const before = entries[at - 1]?.item.value;
  const fork = async () => {
    if (!before) return;
    cancel();
    await forkAt(before, session);
  };
  return html`<div class="thread-editing">
    <span>${say.editingSent(dropped)}</span>
    ${files > 0 &&
    html`<label><input type="checkbox" checked=${undoing} onChange=${(/** @type {any} */ event) => setUndoing(event.currentTarget.checked)} /> ${say.undoFiles(files)}</label>`}
    <span class="thread-editing-ways">
      ${before && html`<button type="button" class="button button-quiet thread-small" onClick=${fork}>${say.forkInstead}</button>`}
      <button type="button" class="button button-quiet thread-small" onClick=${cancel}>${say.cancelEdit}</button>
    </span>
  </div>`;
}
