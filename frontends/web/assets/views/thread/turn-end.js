/** The last line of a turn: how it ended in words, what to do if it ended badly, and what it used. */
import { classes, h, html } from '../../lib/dom.js';
import { CUT } from '../../lib/conversation/wishes.js';
import { duration, money, tokens } from '../../lib/format.js';
import { words } from '../../strings/thread.js';
import { Problem } from './problem.js';
import { start } from '../../lib/start.js';

/** Tokens, and money where prices are known. @param {any} usage */
function usageWords(usage) {
  if (!usage || (!usage.prompt_tokens && !usage.completion_tokens)) return [];
  const about = usage.is_estimated ? words.turn.about : '';
  return [
    words.turn.usage(about + tokens(usage.prompt_tokens), about + tokens(usage.completion_tokens)),
    usage.cached_tokens > 0 && words.turn.cached(tokens(usage.cached_tokens)),
    usage.cost_micros > 0 && words.turn.cost(money(usage.cost_micros / 1_000_000)),
  ].filter(Boolean);
}

/** @param {{turn: string, session: any}} props */
export function TurnEnd({ turn: id, session }) {
  const { conversation } = session;
  const turn = conversation.turns.value.get(id);
  if (!turn?.ended_at) return null;
  const reason = turn.stop?.reason;
  const isLast = isLastTurn(conversation, id);
  const isSaid = reason === 'cancelled' && isMarked(conversation, id);
  const took = turn.ended_at - turn.started_at;
  const line = [took > 0 && duration(took), ...usageWords(turn.usage)].filter(Boolean);
  const window = Number(start.value.settings?.['cli.model_context_window'] ?? 0);
  const used = conversation.model.contextTokens.value;
  if (isLast && window && used) line.push(words.turn.context(Math.ceil((used * 100) / window)));
  const retry = isLast && CUT.has(reason) && !conversation.view.value?.running;
  return html`<div class="thread-end">
    ${reason === 'failed' && h(Problem, { problem: turn.stop.problem, lead: words.stop.failed })}
    ${reason === 'budget' && html`<p class="thread-stop"><strong>${words.stop.budget}:</strong> ${turn.stop.text}</p>`}
    ${!isSaid && reason !== 'end_turn' && reason !== 'failed' && reason !== 'budget' &&
    html`<p class=${classes('thread-stop', reason === 'cancelled' && 'is-quiet')}>${words.stop[reason] ?? reason}</p>`}
    ${(line.length > 0 || retry) && html`<div class="thread-usage">
      <span>${line.join(' · ')}</span>
      ${retry && html`<button class="button thread-small" onClick=${() => session.retry()}>${words.turn.retry}</button>`}
    </div>`}
  </div>`;
}

/** Whether the last message of a turn says itself that it was cut off. @param {any} conversation @param {string} id */
function isMarked(conversation, id) {
  const last = conversation.items.value.filter((/** @type {any} */ one) => one.turn === id).at(-1);
  return last?.kind === 'agent_message' && last.item.value.status === 'interrupted';
}

/** @param {any} conversation @param {string} id */
function isLastTurn(conversation, id) {
  const entries = conversation.items.value;
  return conversation.hasNewer.value === null && entries[entries.length - 1]?.turn === id;
}
