/** Short words at the edge of the page, with an undo where there is one. Never the only place an error is told. */
import { html, signal } from './dom.js';
import { assertive, polite } from './announce.js';
import { words } from '../strings/shell.js';

/** @typedef {{id: number, text: string, kind: string, undo?: () => unknown, undoLabel: string, end: () => void}} Toast */

/** @type {import('./dom.js').Signal<Toast[]>} */
const toasts = signal([]);
const LENGTH = 6000;
/** More than these at once cover the page; the oldest go. */
const MOST = 4;
let nextId = 1;

/**
 * Shows a toast; the same text once only.
 * @param {string} text
 * @param {{undo?: () => unknown, undoLabel?: string, kind?: 'info'|'ok'|'error', length?: number, onEnd?: () => void}} [how]
 *   `onEnd` is called when it has gone without its undo
 * @returns {() => void} takes it away
 */
function toast(text, { undo, undoLabel = words.undo, kind = 'info', length = LENGTH, onEnd } = {}) {
  const id = nextId++;
  let timer = 0;
  const end = () => {
    clearTimeout(timer);
    if (!toasts.value.some((one) => one.id === id)) return;
    toasts.value = toasts.value.filter((one) => one.id !== id);
    onEnd?.();
  };
  // As long as somebody is at it, it stays.
  const rest = () => {
    if (document.querySelector(`[data-toast="${id}"]`)?.matches(':hover, :focus-within')) timer = setTimeout(rest, 1000);
    else end();
  };
  const undone = undo && (() => {
    clearTimeout(timer);
    toasts.value = toasts.value.filter((one) => one.id !== id);
    undo();
  });
  for (const old of toasts.value.filter((one) => one.text === text && !one.undo)) old.end();
  toasts.value = [...toasts.value, { id, text, kind, undo: undone, undoLabel, end }];
  for (const old of toasts.value.slice(0, -MOST)) old.end();
  (kind === 'error' ? assertive : polite)(text);
  timer = setTimeout(rest, length);
  return end;
}

/** Where toasts are shown; one of them in the page. */
function Toasts() {
  return html`<div class="toasts" role="region" aria-label=${words.messages}>
    ${toasts.value.map(
      (one) => html`<div class=${`toast toast-${one.kind}`} key=${one.id} data-testid="toast" data-toast=${one.id}>
        <span class="toast-text">${one.text}</span>
        ${one.undo && html`<button class="button" onClick=${one.undo}>${one.undoLabel}</button>`}
        <button class="icon-button" aria-label=${words.dismiss} onClick=${one.end}>✕</button>
      </div>`,
    )}
  </div>`;
}

export { toast, Toasts };
