/** Whether what lies in a folder people work in may take effect: what that is, trusting it, taking it back. */
import { html, h, useState } from '../../lib/dom.js';
import { get, op } from '../../lib/api.js';
import { start } from '../../lib/start.js';
import { words } from '../../strings/manage.js';
import { Badge, Empty, Field, Loaded, Part, ProblemNote, Prose, useFacts, useRead, useWork } from './common.js';

const said = words.trust;
const KINDS = { trusted: ['ok', '✓'], changed: ['warn', '⚠'], unknown: ['muted', '○'] };

/** The page's content. */
export function Trust() {
  const [path, setPath] = useState(start.value.workspace);
  const [text, setText] = useState(start.value.workspace);
  const read = useRead(() => get('/api/workspace', { path }), [path]);
  useFacts(['workspace'], read.reload);
  const look = (event) => {
    event.preventDefault();
    setPath(text.trim());
  };
  return html`
    <form class="manage-row" onSubmit=${look}>
      ${h(Field, { id: 'trust-path', label: said.path, help: said.pathHelp, children: (tie) => html`<input ...${tie} class="input" spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)} />` })}
      <button type="submit" class="button" disabled=${!text.trim()}>${said.look}</button>
    </form>
    ${h(Loaded, { read, children: (workspace) => h(Workspace, { workspace, reload: read.reload }) })}
  `;
}

function Workspace({ workspace, reload }) {
  const work = useWork();
  const [kind, sign] = KINDS[workspace.trust];
  const trust = () => work.run(async () => {
    await op('workspace', { verb: 'trust', path: workspace.path, hash: workspace.hash });
    await reload();
  }, said.nowTrusted);
  const distrust = () => work.run(async () => {
    await op('workspace', { verb: 'distrust', path: workspace.path });
    await reload();
  }, said.nowDistrusted);
  const hasAny = workspace.holds.length > 0;
  return h(Part, {
    id: 'trust-folder', title: workspace.path,
    children: html`
      <p>${h(Badge, { kind, sign, children: said.states[workspace.trust] })} ${said.explained[workspace.trust]}</p>
      ${h(ProblemNote, { problem: work.problem })}
      ${hasAny
        ? html`<h3>${said.holds}</h3><ul>${workspace.holds.map((line) => html`<li>${h(Prose, { text: line })}</li>`)}</ul>
            <p class="manage-help">${said.asNow} <code class="manage-break">${workspace.hash}</code></p>`
        : h(Empty, { text: said.nothing })}
      <div class="manage-actions">
        ${workspace.trust !== 'trusted' && hasAny ? html`<button type="button" class="button button-primary" disabled=${work.isBusy} onClick=${trust}>${said.trust}</button>` : null}
        ${workspace.trust !== 'unknown' ? html`<button type="button" class="button" disabled=${work.isBusy} onClick=${distrust}>${said.distrust}</button>` : null}
      </div>
      ${(workspace.kinds ?? []).length > 0 ? html`<p class="manage-help">${said.kinds(workspace.kinds.join(', '))}</p>` : null}
      ${(workspace.instructions ?? []).length > 0
        ? html`<h3>${said.instructions}</h3><ul>${workspace.instructions.map((one) => html`<li><code class="manage-break">${one}</code></li>`)}</ul>`
        : null}
    `,
  });
}
