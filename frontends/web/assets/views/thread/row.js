/** One row of the thread: an item, merged calls, a fold, the end of a turn, a question, a mark. */
import { classes, h, html } from '../../lib/dom.js';
import { Icon } from '../../lib/icons.js';
import { MenuButton } from '../../lib/dialog.js';
import { duration, tokens } from '../../lib/format.js';
import { ItemView } from '../item/item.js';
import { ToolGroup } from '../item/tool-card.js';
import { words } from '../../strings/thread.js';
import { messageMenu } from './message-actions.js';
import { ApprovalCard, PlanPanel, QuestionCard, showChanges } from './later.js';
import { TurnEnd } from './turn-end.js';

/** @param {{row: any, session: any, place: number, size: number, isFlashed: boolean}} props */
export function RowView({ row, session, place, size, isFlashed }) {
  const isMessage = row.type === 'item';
  return html`<div
    class=${classes('thread-row', `thread-row-${row.type}`, row.isNarration && 'is-narration', isFlashed && 'is-flashed')}
    data-key=${row.key}
    data-item=${row.entry?.id}
    tabindex=${isMessage ? '-1' : undefined}
  >
    ${view(row, session, place, size)}
  </div>`;
}

/** @param {any} row @param {any} session @param {number} place @param {number} size */
function view(row, session, place, size) {
  const { conversation } = session;
  switch (row.type) {
    case 'item':
      return h(Item, { row, session, place, size });
    case 'calls':
      return h(Calls, { row, session });
    case 'fold':
      return h(Fold, { row, session });
    case 'end':
      return h(TurnEnd, { turn: row.turn, session });
    case 'approval':
      return row.approval.effect.kind === 'plan'
        ? h(PlanPanel, { approval: row.approval, conversation })
        : h(ApprovalCard, { approval: row.approval, conversation });
    case 'question':
      return h(QuestionCard, { question: row.question, conversation });
    default:
      return h(Mark, { mark: row.mark, conversation });
  }
}

/** @param {{row: any, session: any, place: number, size: number}} props */
function Item({ row, session, place, size }) {
  const { conversation } = session;
  const item = row.entry.item.value;
  const isMessage = item.body.kind === 'user_message' || item.body.kind === 'agent_message';
  const live = row.entry.live;
  return html`${h(ItemView, { item, conversation, live, place, size, isNarration: row.isNarration })}
    ${item.body.kind === 'summary' &&
    html`<div class="thread-mark"><button class="button button-quiet thread-small" onClick=${() => session.attempt(() => conversation.uncompact())}>${words.thread.uncompact}</button></div>`}
    ${isMessage &&
    html`<div class="thread-tools">${h(MenuButton, { label: words.message.menu, items: () => messageMenu(item, session) })}</div>`}`;
}

/** @param {{row: any, session: any}} props */
function Calls({ row, session }) {
  const { conversation } = session;
  const items = row.entries.map((/** @type {any} */ entry) => entry.item.value);
  if (items.length === 1) return h(ItemView, { item: items[0], conversation, live: row.entries[0].live });
  return h(ToolGroup, { items, conversation });
}

/** @param {{row: any, session: any}} props */
function Fold({ row, session }) {
  const { work, isOpen, key, turn } = row;
  const said = [
    work.tools > 0 && words.turn.tools(work.tools),
    work.agents > 0 && words.turn.agents(work.agents),
    work.files > 0 && words.turn.files(work.files),
    work.failed > 0 && words.turn.failed(work.failed),
    work.isRunning && work.last && words.turn.last(work.last),
  ].filter(Boolean);
  const lead = work.isRunning ? words.turn.working : work.ms === null ? words.turn.workedSome : words.turn.worked(duration(work.ms));
  return html`<div class="thread-fold">
    <button class="thread-fold-button" aria-expanded=${String(isOpen)} onClick=${() => session.toggle(key)}>
      ${h(Icon, { name: isOpen ? 'down' : 'right' })}
      <span>${[lead, ...said].join(' · ')}</span>
      ${work.files > 0 && html`<span class="thread-added">+${work.added}</span> <span class="thread-removed">−${work.removed}</span>`}
    </button>
    ${work.files > 0 &&
    html`<button class="button button-quiet thread-small" aria-label=${words.turn.reviewTurn}
      onClick=${() => showChanges(session.conversation, { target: 'turn', turn })}>${words.turn.review}</button>`}
  </div>`;
}

/** @param {{mark: any, conversation: any}} props */
function Mark({ mark, conversation }) {
  const text = mark.kind === 'compacted' ? words.thread.compacted(tokens(mark.before), tokens(mark.after)) : words.thread.uncompacted;
  return html`<div class="thread-mark"><span>${text}</span>
    ${mark.kind === 'compacted' &&
    html`<button class="button button-quiet thread-small" onClick=${() => conversation.uncompact()}>${words.thread.uncompact}</button>`}
  </div>`;
}
