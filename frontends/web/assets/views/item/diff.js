/** A unified diff as lines with their numbers; what was added and removed is said in words too. */
import { h, html, useMemo, useState } from '../../lib/dom.js';
import { words } from '../../strings/item.js';
import { Revealed } from './common.js';

/** Lines shown at first, and how many more each time. */
const FIRST = 400;
const MORE = 2000;
/** Characters of a line that are shown. */
const WIDEST = 2000;

/** @typedef {{kind: 'same'|'add'|'del'|'hunk'|'note', old: number|null, now: number|null, text: string}} Line */

/**
 * The lines of a unified diff; names of files are left out.
 * @param {string} unified
 * @returns {Line[]}
 */
function linesOf(unified) {
  const lines = [];
  let old = 0;
  let now = 0;
  let isInside = false;
  const all = unified.split('\n');
  if (all.at(-1) === '') all.pop();
  for (const text of all) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text);
    if (hunk) {
      [old, now] = [Number(hunk[1]), Number(hunk[2])];
      isInside = true;
      lines.push({ kind: 'hunk', old: null, now: null, text });
    } else if (!isInside && /^(?:---|\+\+\+|diff |index )/.test(text)) continue;
    else if (text.startsWith('+')) lines.push({ kind: 'add', old: null, now: now++, text: text.slice(1) });
    else if (text.startsWith('-')) lines.push({ kind: 'del', old: old++, now: null, text: text.slice(1) });
    else if (text.startsWith(' ') || text === '') lines.push({ kind: 'same', old: old++, now: now++, text: text.slice(1) });
    else lines.push({ kind: 'note', old: null, now: null, text });
  }
  return lines;
}

/**
 * @param {{unified: string, path?: string, isWhole?: boolean}} props `isWhole` shows every line of it at once
 */
function Diff({ unified, path, isWhole = false }) {
  const lines = useMemo(() => linesOf(unified), [unified]);
  const [most, setMost] = useState(FIRST);
  const shown = isWhole ? lines : lines.slice(0, most);
  if (lines.length === 0) return html`<p class="item-muted">${words.diff.none}</p>`;
  const widest = Math.max(...shown.map(({ old, now }) => Math.max(old ?? 0, now ?? 0)));
  return html`<div class="diff" role="group" tabindex="0" aria-label=${path ? words.diff.labelOf(path) : words.diff.label}
      style=${{ '--digits': String(String(widest).length) }}>
    <div class="diff-lines">
      ${shown.map((line, at) => h(DiffLine, { key: at, line, isWhole }))}
    </div>
    ${lines.length > shown.length &&
    html`<button type="button" class="button item-small" onClick=${() => setMost(most + MORE)}>${words.diff.more(lines.length - shown.length)}</button>`}
  </div>`;
}

/** @param {{line: Line, isWhole: boolean}} props */
function DiffLine({ line: { kind, old, now, text }, isWhole }) {
  if (kind === 'hunk' || kind === 'note') return html`<div class=${`diff-${kind}`}>${text}</div>`;
  const said = kind === 'add' ? words.diff.added : kind === 'del' ? words.diff.removed : '';
  const cut = isWhole || text.length <= WIDEST ? text : `${text.slice(0, WIDEST)}…`;
  return html`<div class=${`diff-line diff-${kind}`}>
    <span class="diff-number" aria-hidden="true">${old ?? ''}</span><span class="diff-number" aria-hidden="true">${now ?? ''}</span
    ><span class="diff-sign" aria-hidden="true">${kind === 'add' ? '+' : kind === 'del' ? '−' : ' '}</span
    >${said && html`<span class="hidden-text">${said}</span>`}<span class="diff-text">${h(Revealed, { text: cut })}</span>
  </div>`;
}

export { Diff, linesOf };
