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

/** @param {{transport: any}} props */
export function Reached({ transport }) {
  const rows = transport.transport === 'stdio' ? program(transport) : address(transport);
  return html`<dl class="manage-facts" data-testid="mcp-reached">
    ${rows.map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}
  </dl>`;
}

function program({ command, args, env, folders, network }) {
  const line = [command, ...args].map(wordOf).join(' ');
  const folder = (/** @type {any} */ one) => html`<li><code class="manage-break">${revealed(one.path)}</code> ${one.is_writable ? said.writes : said.reads}</li>`;
  return [
    [said.command, html`<code class="manage-break" data-testid="mcp-command">${line}</code>`],
    [said.environment, env.length > 0 ? html`<code class="manage-break">${revealed(env.join(', '))}</code>` : said.noEnvironment],
    [said.folders, folders.length > 0 ? html`<ul class="manage-plain">${folders.map(folder)}</ul>` : said.noFolders],
    [said.network, network ? said.networkYes : said.networkNo],
  ];
}

function address({ url, headers }) {
  const rows = [[said.address, html`<code class="manage-break">${revealed(url)}</code>`]];
  if (headers.length > 0) rows.push([said.headers, html`<code class="manage-break">${revealed(headers.join(', '))}</code>`]);
  return rows;
}

/** What a person is asked before a program starts. @param {any} server */
export function asked(server) {
  return html`<p>${said.approveText}</p>${h(Reached, { transport: server.transport })}`;
}
