/** The thread: the rows of a conversation that are in sight, and what a reader does to them with keys. */
import { computed, h, html, useEffect, useLayoutEffect, useMemo, useRef } from '../../lib/dom.js';
import { rowsOf } from '../../lib/conversation/rows.js';
import { words } from '../../strings/thread.js';
import { Drafts } from '../item/tool-card.js';
import { RowView } from './row.js';
import { Starters } from './later.js';

/** What the rows of a conversation depend on, and nothing that only grows. @param {import('./session.js').ThreadSession} session */
export function rowsSignal(session) {
  const { conversation, viewport, folding, open } = session;
  return computed(() => {
    conversation.model.items.shape.value;
    const entries = conversation.items.value;
    return rowsOf(entries, {
      turns: conversation.turns.value,
      running: conversation.view.value?.running ?? null,
      folding,
      isFollowing: viewport.following.value,
      open: open.value,
      approvals: conversation.approvals.value,
      questions: conversation.questions.value,
      marks: conversation.model.marks.value,
      elsewhere: answeredElsewhere(conversation),
      isAtEnd: conversation.hasNewer.value === null,
    });
  });
}

/** Calls that somebody answered for elsewhere: that is said, and is not folded away. @param {any} conversation */
function answeredElsewhere(conversation) {
  const found = new Set();
  for (const [id, { approval }] of conversation.resolved.value) if (approval && !conversation.own.has(id)) found.add(approval.item);
  return found;
}

/** Whether a row looks as it did. @param {any} one @param {any} other */
function isSame(one, other) {
  if (one.type !== other.type) return false;
  if (one.type === 'item') return one.entry === other.entry && one.isNarration === other.isNarration;
  if (one.type === 'calls') return one.entries.length === other.entries.length && one.entries.every((/** @type {any} */ entry, /** @type {number} */ at) => entry === other.entries[at]);
  if (one.type === 'end') return true;
  if (one.type === 'approval') return one.approval === other.approval;
  if (one.type === 'question') return one.question === other.question;
  return false;
}

/** @param {{session: import('./session.js').ThreadSession}} props */
export function Thread({ session }) {
  const { conversation, viewport, rows: source, flash } = session;
  const scroller = useRef(/** @type {HTMLElement|null} */ (null));
  const known = useMemo(() => new Map(), []);
  const rows = source.value;
  viewport.tick.value;
  const { from, to, before, behind } = viewport.layout(rows);
  const marked = flash.value;
  useLayoutEffect(() => viewport.attach(/** @type {HTMLElement} */ (scroller.current)), [viewport]);
  useLayoutEffect(() => viewport.settle());
  useEffect(() => session.bindKeys(/** @type {HTMLElement} */ (scroller.current)), [session]);
  const messages = useMemo(() => places(rows), [rows]);
  const isWhole = conversation.hasOlder.value === null && conversation.hasNewer.value === null;
  const shown = [];
  const stays = new Set();
  for (let at = from; at < to; at++) {
    const row = rows[at];
    const place = messages.get(row.key) ?? 0;
    const size = isWhole ? messages.size : -1;
    const isFlashed = marked === row.key;
    const was = known.get(row.key);
    stays.add(row.key);
    if (was && was.place === place && was.size === size && was.isFlashed === isFlashed && isSame(was.row, row)) {
      shown.push(was.vnode);
      continue;
    }
    const vnode = h(RowView, { key: row.key, row, session, place, size, isFlashed });
    known.set(row.key, { row, place, size, isFlashed, vnode });
    shown.push(vnode);
  }
  for (const key of known.keys()) if (!stays.has(key)) known.delete(key);
  const isEmpty = conversation.state.value === 'ready' && rows.length === 0 && !conversation.view.value?.running && !conversation.sending;
  return html`<div class="thread-scroll" data-testid="thread" role="log" aria-live="off" aria-label=${words.thread.label} tabindex="0" ref=${scroller}>
    <div class="thread-rows">
      <div style=${{ height: `${before}px` }} aria-hidden="true"></div>
      ${shown}
      <div style=${{ height: `${behind}px` }} aria-hidden="true"></div>
      ${to === rows.length && h(Writing, { conversation })}
      ${isEmpty && h(Starters, { onChoose: session.suggest })}
    </div>
  </div>`;
}

/** Calls the model is writing just now. @param {{conversation: any}} props */
function Writing({ conversation }) {
  if (!conversation.drafts.value.length || conversation.hasNewer.value !== null) return null;
  return html`<div class="thread-row">${h(Drafts, { conversation })}</div>`;
}

/** The place of every message among those that are loaded, from 1. @param {any[]} rows */
function places(rows) {
  const found = new Map();
  for (const row of rows) if (row.type === 'item' && row.entry.kind !== 'tool_call') found.set(row.key, found.size + 1);
  return found;
}
