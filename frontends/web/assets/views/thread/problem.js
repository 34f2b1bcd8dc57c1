/** What went wrong, why, and the next step: the same three parts everywhere. */
import { html } from '../../lib/dom.js';

/** @param {{problem: any, lead?: string, children?: unknown}} props a problem of a fact or of an answer of the server */
export function Problem({ problem, lead, children }) {
  return html`<div class="thread-problem problem">
    <p><strong>${lead ? `${lead}: ` : ''}</strong>${problem.error ?? problem.message ?? ''}</p>
    ${(problem.causes ?? []).map((/** @type {string} */ cause) => html`<p class="thread-cause">${cause}</p>`)}
    ${problem.hint && html`<p class="thread-hint">${problem.hint}</p>`}
    ${children}
  </div>`;
}
