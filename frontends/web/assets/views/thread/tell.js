/** What screen readers hear of a conversation: events only, each once, in the words of the golden list. */
import { assertive, polite } from '../../lib/announce.js';
import { pref } from '../../lib/prefs.js';
import { words } from '../../strings/thread.js';
import { tellUndone } from './changes-bar.js';

const say = words.told;

/** Words of a text as people count them. @param {string} text */
const countWords = (text) => (text.match(/[\p{L}\p{N}]+(?:['’._-][\p{L}\p{N}]+)*/gu) ?? []).length;

/** The answer of a turn: what the model said after its last call. @param {any} conversation @param {string} turn */
function answerOf(conversation, turn) {
  const entries = conversation.items.value.filter((/** @type {any} */ one) => one.turn === turn);
  const calls = entries.map(({ kind }) => kind).lastIndexOf('tool_call');
  return entries
    .slice(calls + 1)
    .filter((/** @type {any} */ one) => one.kind === 'agent_message')
    .map((/** @type {any} */ one) => one.item.value.body.text)
    .join('\n\n');
}

/** Tells what happens in a conversation. @param {any} conversation */
export function tellOf(conversation) {
  const decide = conversation.decide;
  conversation.decide = (/** @type {any} */ approval, /** @type {any} */ decision) => {
    conversation.own.add(approval.id);
    return decide(approval, decision);
  };
  conversation.model.onNews = (/** @type {string} */ kind, /** @type {any} */ detail) => {
    // Told after everything that came with it is taken in.
    queueMicrotask(() => tell(conversation, kind, detail));
  };
}

/** Where an answer came from, in words. @param {string} by */
export const placeOf = (by) => (by === 'cli' || by === 'terminal' ? say.terminal : by === 'web' ? say.otherTab : by);

/** @param {any} conversation @param {string} kind @param {any} detail */
function tell(conversation, kind, detail) {
  if (kind === 'started') void Promise.resolve(conversation.sending).then(() => setTimeout(polite, 0, say.responding));
  else if (kind === 'ended') ended(conversation, detail);
  else if (kind === 'tool_failed') polite(say.toolFailed(detail.body.tool));
  else if (kind === 'approval') assertive(say.approval(detail.tool));
  else if (kind === 'question') assertive(say.question(detail.text));
  else if (kind === 'resolved') resolved(detail, conversation.own);
  else if (kind === 'undone') tellUndone(detail);
  else if (kind === 'trouble') assertive(say.failed(detail.error));
}

/** @param {any} conversation @param {{turn: string, stop: any}} of */
function ended(conversation, { turn, stop }) {
  const { reason } = stop;
  if (reason === 'failed') assertive(say.failed(stop.problem.error));
  else if (reason === 'cancelled') polite(say.cancelled);
  else if (reason === 'interrupted') polite(say.interrupted);
  else if (reason === 'budget') assertive(say.stopped(stop.text));
  else {
    const answer = answerOf(conversation, turn);
    const complete = say.complete(countWords(answer));
    polite(pref('read-answer', false).value && answer ? `${complete}. ${answer}` : complete);
  }
}

/** @param {any} detail @param {Set<string>} own */
function resolved({ approval, resolution, by }, own) {
  if (resolution.resolution === 'not_answered') assertive(say.notAnswered);
  else if (!own.has(approval)) polite(say.answeredIn(resolution.resolution === 'allowed' ? say.allowed : say.denied, placeOf(by)));
}
