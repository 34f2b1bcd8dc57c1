/** How a server is reached, part by part: exactly what an approval lets start. Pure. */
import { h, html } from '../../lib/dom.js';
import { words as said } from '../../strings/manage-servers.js';

/** A word of a command line, so that its beginning and its end are seen. @param {string} word */
export function wordOf(word) {
  return /^[\p{L}\p{N}\-_./:@=+,%]+$/u.test(word) ? revealed(word) : `'${revealed(word.replaceAll("'", "'\\''"))}'`;
}

/** Signs that are not seen, or change how others are seen, as their numbers. @param {string} text */
export function revealed(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u034f\u115f\u1160\u3164\uffa0]/gu, (sign) => `\\u{${/** @type {number} */ (sign.codePointAt(0)).toString(16)}}`);
}

/** @param {{server: any}} props */
export function Reached({ server }) {
  const { transport } = server;
  const rows = transport.transport === 'stdio' ? program(server) : address(transport);
  return html`<dl class="manage-facts" data-testid="mcp-reached">
    ${rows.map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}
  </dl>`;
}

/** Whether nothing of the sandbox is missing, as far as it is known. @param {any} server */
const isWhole = (server) => !server.reach?.missing?.length;

/** @param {any} server */
function program(server) {
  const { command, args, env, folders, network } = server.transport;
  const line = [command, ...args].map(wordOf).join(' ');
  const paths = server.reach?.paths ?? folders.map((/** @type {any} */ one) => ({ ...one, what: 'folder', real: one.path }));
  const parts = paths.filter((/** @type {any} */ one) => said.parts[one.what]);
  const open = paths.filter((/** @type {any} */ one) => !said.parts[one.what]);
  const noNetwork = isWhole(server) ? said.networkNo : said.networkNotHeld;
  const rows = [
    [said.command, html`<code class="manage-break" data-testid="mcp-command">${line}</code>`],
    ...parts.map((/** @type {any} */ one) => [said.parts[one.what], h(Path, { one })]),
    [said.environment, env.length > 0 ? html`<code class="manage-break">${revealed(env.join(', '))}</code>` : said.noEnvironment],
    [said.folders, open.length > 0 ? html`<ul class="manage-plain" data-testid="mcp-open">${open.map((/** @type {any} */ one) => html`<li>${h(Path, { one })} ${one.is_writable ? said.writes : said.reads}</li>`)}</ul>` : said.noFolders],
    [said.network, network ? said.networkYes : noNetwork],
  ];
  if (!isWhole(server)) {
    rows.push([said.missing, html`<ul class="manage-plain" data-testid="mcp-missing">${server.reach.missing.map((/** @type {string} */ wall) => html`<li>${revealed(wall)}</li>`)}</ul>`]);
  }
  return rows;
}

/** A path as it is written, and where it leads. @param {{one: any}} props */
function Path({ one }) {
  const real = one.real === one.path ? null : one.real ? `→ ${revealed(one.real)}` : said.notThere;
  return html`<code class="manage-break">${revealed(one.path)}</code>${real ? html` <code class="manage-break">${real}</code>` : null}`;
}

/** @param {any} transport */
function address({ url, origin, headers }) {
  const rows = [[said.address, html`<code class="manage-break">${revealed(url)}</code>`]];
  if (origin) rows.push([said.origin, html`<code class="manage-break">${revealed(origin)}</code>`]);
  if (headers.length > 0) rows.push([said.headers, html`<code class="manage-break">${revealed(headers.join(', '))}</code>`]);
  return rows;
}

/** What a person is asked before a program starts or an address of others is reached. @param {any} server */
export function asked(server) {
  const isProgram = server.transport.transport === 'stdio';
  const held = isWhole(server) ? said.approveText : said.approveBare;
  return html`<p>${isProgram ? held : said.approveFar}</p>${h(Reached, { server })}${h(Differences, { server })}`;
}

/** What differs from what was approved last. @param {{server: any}} props */
export function Differences({ server }) {
  if (!server.differences?.length) return null;
  return html`<p>${said.differs}</p>
    <ul class="manage-plain" data-testid="mcp-approval-differences">${server.differences.map((/** @type {string} */ line) => html`<li><code class="manage-break">${revealed(line)}</code></li>`)}</ul>`;
}
