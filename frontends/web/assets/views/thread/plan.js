/** The plan of a turn that plans first: read, changed, approved or sent back. */
import { h, html, useState } from '../../lib/dom.js';
import { problemOf } from '../../lib/api.js';
import { Markdown } from '../../lib/markdown/markdown.js';
import { words } from '../../strings/thread.js';
import { backToComposer } from './composer-focus.js';
import { Problem } from './problem.js';

const say = words.plan;

/** @param {{approval: any, conversation: any}} props */
export function PlanPanel({ approval, conversation }) {
  const plan = approval.effect.detail || approval.effect.summary;
  const [text, setText] = useState(plan);
  const [mode, setMode] = useState('read');
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const decide = (/** @type {object} */ decision) =>
    conversation.decide(approval, decision).catch((/** @type {unknown} */ error) => setProblem(problemOf(error)));
  // Where the message just above is the plan, it need not be read twice.
  const isAbove = conversation.model.items.get(approval.item)?.item.value.body.text?.trim() === plan.trim();
  const offers = approval.scopes.map(({ scope }) => scope);
  const approve = async () => {
    await decide({ decision: 'allow', scope: offers.includes('once') ? 'once' : offers[0] });
    conversation.planned?.();
  };
  const deny = (/** @type {string} */ why) => decide({ decision: 'deny', ...(why ? { reason: why } : {}) });
  return html`<section class="thread-plan" data-testid="approval" data-id=${approval.id} tabindex="-1" aria-label=${say.title} onKeyDown=${backToComposer}>
    <header><h3>${say.title}</h3><span class="muted">${say.lead}</span></header>
    ${mode === 'edit'
      ? html`<label class="field"><span class="hidden-text">${say.editLabel}</span>
          <textarea class="input thread-edit" rows="12" value=${text} onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)}></textarea></label>`
      : !isAbove && html`<div class="thread-plan-text">${h(Markdown, { text: plan, isStreaming: false, id: approval.id })}</div>`}
    ${mode === 'reject' &&
    html`<label class="field"><span class="field-label">${say.reason}</span>
      <textarea class="input thread-edit" rows="3" value=${reason} onInput=${(/** @type {any} */ event) => setReason(event.currentTarget.value)}></textarea></label>`}
    ${problem && h(Problem, { problem })}
    <footer>${
      mode === 'edit'
        ? html`<button class="button button-primary" disabled=${text === plan} onClick=${() => deny(say.edited(text))}>${say.sendEdited}</button>
            <button class="button" onClick=${() => setMode('read')}>${say.cancelEdit}</button>`
        : mode === 'reject'
          ? html`<button class="button" onClick=${() => deny(reason.trim())}>${say.reject}</button>
              <button class="button" onClick=${() => setMode('read')}>${say.cancelEdit}</button>`
          : html`<button class="button button-primary" onClick=${approve}>${say.approve}</button>
              <button class="button" onClick=${() => setMode('edit')}>${say.edit}</button>
              <button class="button" onClick=${() => setMode('reject')}>${say.reject}</button>`
    }</footer>
  </section>`;
}
