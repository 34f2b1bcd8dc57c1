/** What became of a question of the gate, in one line: that is what stays of its card. */
import { html } from '../lib/dom.js';
import { words } from '../strings/item.js';
import { about, revealedLine, TIER_SIGNS } from './item/common.js';

const say = words.approval;
/** Questions that were answered in this tab. @type {Set<string>} */
const answeredHere = new Set();

/** @param {string} id */
function noteAnsweredHere(id) {
  answeredHere.add(id);
}

/** @param {any} resolution */
function resolutionWords({ resolution, scope, reason }) {
  if (resolution === 'allowed') return { sign: '✓', kind: 'completed', text: say.allowed[scope] };
  if (resolution === 'not_answered') return { sign: '✗', kind: 'denied', text: say.notAnswered };
  return { sign: '✗', kind: 'denied', text: reason ? `${say.denied} ${say.reason(revealedLine(reason))}` : say.denied };
}

/** @param {string} id @param {string} by */
function where(id, by) {
  if (answeredHere.has(id)) return say.answeredHere;
  return say.answeredIn[by] ?? say.answeredElsewhere(revealedLine(by));
}

/** @param {{id: string, resolved: {resolution: any, by: string, approval?: any}}} props */
function ResolvedLine({ id, resolved }) {
  const { sign, kind, text } = resolutionWords(resolved.resolution);
  const { approval } = resolved;
  return html`<p class="approval-done" data-testid="approval-done" data-id=${id}>
    <span class=${`item-status is-${kind}`}>${sign} ${text}</span>
    ${approval && html` <span class=${`item-tier is-${approval.tier}`}>${TIER_SIGNS[approval.tier]}</span> <span class="approval-done-what">${revealedLine(approval.tool)} ${revealedLine(about(approval.tool, approval.effect.summary))}</span>`}
    <span class="item-muted"> · ${where(id, resolved.by)}</span>
  </p>`;
}

export { noteAnsweredHere, ResolvedLine };
