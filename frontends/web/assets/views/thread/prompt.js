/** What was sent: the fixed part of every request by sections, with their tokens. */
import { h, html, useEffect, useState } from '../../lib/dom.js';
import { problemOf } from '../../lib/api.js';
import { openLayer, Sheet } from '../../lib/dialog.js';
import { number } from '../../lib/format.js';
import { words } from '../../strings/thread.js';
import { Problem } from './problem.js';

const say = words.prompt;

/** @param {() => Promise<any>} read gives the report */
export function showPrompt(read) {
  return openLayer((close) => h(Prompt, { read, onClose: () => close() }));
}

/** @param {{read: () => Promise<any>, onClose: () => void}} props */
function Prompt({ read, onClose }) {
  const [report, setReport] = useState(/** @type {any} */ (null));
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  useEffect(() => {
    read().then(setReport, (error) => setProblem(problemOf(error)));
  }, []);
  const part = (/** @type {any} */ one) => html`<details class="thread-part"><summary><span>${one.name}</span> <span class="muted">${say.tokens(number(one.tokens))}</span></summary>
    <pre tabindex="0">${one.text}</pre></details>`;
  return h(
    Sheet,
    { title: say.title, onClose, testId: 'prompt' },
    html`<div class="thread-prompt"><p class="muted">${say.lead}</p>
      ${problem && h(Problem, { problem })}
      ${report &&
      html`<p><strong>${say.total(number(report.tokens))}</strong></p>
        <h3>${say.sections}</h3>${report.sections.map(part)}
        <h3>${say.tools}</h3>${report.tools.map(part)}`}</div>`,
  );
}
