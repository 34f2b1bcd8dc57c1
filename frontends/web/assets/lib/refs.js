/**
 * References to files, notes and documents, put into the message that is being written.
 *
 * Whoever wants them elsewhere listens to `aroom:insert-ref` on the document, whose detail is `{text, title}`, and
 * calls `preventDefault`. Otherwise the field of the composer gets them where its caret is; where no composer is
 * shown, a new chat is begun for it.
 */
import { go } from './router.js';

const EVENT = 'aroom:insert-ref';
/** How long a new chat may take to show its composer. */
const PATIENCE = 3_000;

/** @param {{text: string, title?: string}} ref @returns {boolean} whether it was taken */
function offer(ref) {
  if (!document.dispatchEvent(new CustomEvent(EVENT, { detail: ref, cancelable: true }))) return true;
  const field = document.querySelector('[data-testid="composer"] textarea');
  if (!(field instanceof HTMLTextAreaElement) || field.disabled) return false;
  const { selectionStart: from, selectionEnd: to, value } = field;
  const before = from > 0 && !/\s/.test(value[from - 1]) ? ' ' : '';
  field.focus();
  field.setRangeText(`${before}${ref.text} `, from, to, 'end');
  field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertText' }));
  return true;
}

/** @param {{text: string, title?: string}} ref what is to stand in the message, for example `@src/main.rs` */
async function insertRef(ref) {
  if (offer(ref)) return true;
  await go('/');
  const end = performance.now() + PATIENCE;
  while (performance.now() < end) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    if (offer(ref)) return true;
  }
  return false;
}

/** How a file is written in a message. @param {string} path */
function fileRef(path) {
  return /[\s"]/.test(path) ? `@"${path.replaceAll('"', '')}"` : `@${path}`;
}

/** How a note or document is written in a message. @param {{id: string, kind: string}} view */
function textRef({ id, kind }) {
  return `@${kind}:${id.slice(-8)}`;
}

export { fileRef, insertRef, textRef };
