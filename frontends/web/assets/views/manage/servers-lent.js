/** What MCP servers lend besides tools: resources that can be attached, prompts that can be sent. Their words. */
import { html } from '../../lib/dom.js';
import { get } from '../../lib/api.js';
import { words as said } from '../../strings/manage-servers.js';
import { useFacts, useRead } from './common.js';
import { revealed } from './servers-shown.js';

/** What the servers that are ready lend. @param {any[]} servers @param {string} workspace */
export function useLent(servers, workspace) {
  const ready = servers.filter(({ state }) => state.state === 'ready').map(({ name }) => name).join(' ');
  const read = useRead(async () => {
    if (!ready) return { resources: [], prompts: [] };
    const [resources, prompts] = await Promise.all([get('/api/mcp/resources', { workspace }), get('/api/mcp/prompts', { workspace })]);
    return { resources, prompts };
  }, [ready, workspace]);
  useFacts(['mcp'], read.reload);
  return read.data ?? { resources: [], prompts: [] };
}

/** @param {{name: string, lent: {resources: any[], prompts: any[]}}} props */
export function Lent({ name, lent }) {
  const resources = lent.resources.filter(({ server }) => server === name);
  const prompts = lent.prompts.filter(({ server }) => server === name);
  return html`
    ${part('mcp-resources', name, said.resources(resources.length), resources.map((one) => [`@${name}:${one.uri}`, one.description || one.name]))}
    ${part('mcp-prompts', name, said.prompts(prompts.length), prompts.map((one) => [promptLine(one), one.description ?? '']))}
  `;
}

/** A prompt with what it asks for. @param {any} prompt */
function promptLine(prompt) {
  const args = prompt.arguments.map((/** @type {any} */ one) => (one.is_required ? `${one.name}=…` : `[${one.name}=…]`));
  return [`/${prompt.server}.${prompt.name}`, ...args].join(' ');
}

/** @param {string} mark @param {string} name @param {string} title @param {string[][]} lines */
function part(mark, name, title, lines) {
  if (lines.length === 0) return null;
  return html`<details class="manage-details" data-testid=${mark}><summary>${title}<span class="hidden-text"> ${name}</span></summary>
    <ul class="manage-plain">${lines.map(([line, about]) => html`<li class="manage-tool" key=${line}>
      <p><code class="manage-break">${revealed(line)}</code></p>
      ${about ? html`<p class="manage-pre"><bdi>${revealed(about)}</bdi></p>` : null}
    </li>`)}</ul></details>`;
}
