/** What a bundle can do, by sort, and how two versions of it differ. Everything in it was written by strangers. */
import { html, h } from '../../lib/dom.js';
import { words as said } from '../../strings/manage-bundles.js';
import { Badge } from './common.js';

const KINDS = ['capability', 'host', 'command', 'tool', 'server', 'prompt', 'file', 'setting', 'unused'];

/** A fingerprint in groups that can be read aloud. @param {string} fingerprint */
export function grouped(fingerprint) {
  return (fingerprint.match(/.{1,8}/g) ?? []).join(' ');
}

/** All that a bundle can do. @param {{powers: {kind: string, name: string, text: string}[]}} props */
export function Powers({ powers }) {
  if (powers.length === 0) return html`<p class="manage-help">${said.nothing}</p>`;
  return h(ByKind, {
    entries: powers,
    children: (power) => html`<span>${power.name}</span>${h(Text, { text: power.text })}`,
  });
}

/** How two versions differ. @param {{changes: any[]}} props */
export function Changes({ changes }) {
  if (changes.length === 0) return html`<p class="manage-help">${said.noDifference}</p>`;
  return h(ByKind, {
    entries: changes,
    children: (change) => html`
      <span>${change.name}</span> ${h(Badge, { kind: change.is_widening ? 'warn' : 'muted', sign: signOf(change), children: wordOf(change) })}
      ${change.before === undefined ? null : html`<p class="manage-muted">${said.before}</p>${h(Text, { text: change.before })}`}
      ${change.after === undefined ? null : html`<p class="manage-muted">${said.after}</p>${h(Text, { text: change.after })}`}
    `,
  });
}

function signOf(change) {
  if (change.before === undefined) return '+';
  return change.after === undefined ? '−' : '~';
}

function wordOf(change) {
  let word = said.changed;
  if (change.before === undefined) word = said.fresh;
  else if (change.after === undefined) word = said.gone;
  return change.is_widening ? `${word}, ${said.wider}` : word;
}

function ByKind({ entries, children }) {
  const kinds = KINDS.filter((kind) => entries.some((entry) => entry.kind === kind));
  return html`${kinds.map((kind) => html`<section key=${kind} data-kind=${kind}>
    <h5>${said.kinds[kind]}</h5>
    <ul class="manage-plain">
      ${entries.filter((entry) => entry.kind === kind).map((entry) => html`<li key=${entry.name}>${children(entry)}</li>`)}
    </ul>
  </section>`)}`;
}

/** Long texts scroll by themselves. */
function Text({ text }) {
  if (!text) return null;
  return text.includes('\n') || text.length > 120
    ? html`<pre class="manage-pre" tabindex="0">${text}</pre>`
    : html` <span class="manage-muted">${text}</span>`;
}
