/** The tools of an MCP server: the tier of each, and what differs about one that is held back. */
import { html, h } from '../../lib/dom.js';
import { op } from '../../lib/api.js';
import { words } from '../../strings/manage.js';
import { words as said } from '../../strings/manage-servers.js';
import { Badge, Note, ProblemNote, useWork } from './common.js';
import { revealed } from './servers-shown.js';

/** Whether a tool waits for a person. @param {any} tool */
export const isHeld = (tool) => tool.state.offer === 'quarantined';

/** @param {{server: any, reload: () => Promise<void>}} props */
export function ServerTools({ server, reload }) {
  const { tools, name } = server;
  if (tools.length === 0) return null;
  const held = tools.filter(isHeld);
  const rest = tools.filter((/** @type {any} */ tool) => !isHeld(tool));
  return html`
    ${held.map((/** @type {any} */ tool) => h(Held, { key: tool.name, server, tool, reload }))}
    ${rest.length === 0 ? null : html`<details class="manage-details" data-testid="mcp-tools"><summary>${said.tools(rest.length)}<span class="hidden-text"> ${name}</span></summary>
      <ul class="manage-plain">${rest.map((/** @type {any} */ tool) => h(Tool, { key: tool.name, tool, name }))}</ul></details>`}
  `;
}

function Tool({ tool, name }) {
  const { offer, reason } = tool.state;
  return html`<li class="manage-tool">
    <p><code class="manage-break">${revealed(`${name}.${tool.name}`)}</code> ${h(Badge, { kind: `tier-${tool.tier}`, children: words.tiers[tool.tier] })}
      ${offer === 'offered' ? null : h(Badge, { kind: offer === 'refused' ? 'danger' : 'muted', children: said[offer] })}</p>
    <p class="manage-pre"><bdi>${revealed(tool.description)}</bdi></p>
    ${reason ? html`<p class="manage-help">${reason}</p>` : null}
  </li>`;
}

function Held({ server, tool, reload }) {
  const work = useWork();
  const name = `${server.name}.${tool.name}`;
  const accept = () => work.run(async () => {
    await op('mcp', { verb: 'accept', server: server.name, tool: tool.name, hash: tool.hash });
    await reload();
  }, said.accepted(name));
  return html`<div data-testid="mcp-held" data-tool=${tool.name}>${h(Note, {
    kind: 'warn',
    children: html`
      <p class="manage-note-title"><code class="manage-break">${revealed(name)}</code> ${h(Badge, { kind: `tier-${tool.tier}`, children: words.tiers[tool.tier] })}</p>
      <p>${said.heldTitle}</p>
      <ul class="manage-plain" data-testid="mcp-differences">${tool.state.differences.map((/** @type {string} */ line) => html`<li><code class="manage-break">${revealed(line)}</code></li>`)}</ul>
      ${h(ProblemNote, { problem: work.problem })}
      <p><button type="button" class="button" disabled=${work.isBusy} onClick=${accept} aria-label=${said.acceptNamed(name)}>${said.accept}</button></p>
    `,
  })}</div>`;
}
