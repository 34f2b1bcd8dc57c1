/** `/doctor`: everything checked, and for each finding what to do. */
import { html, h, useEffect } from '../../lib/dom.js';
import { polite } from '../../lib/announce.js';
import { get } from '../../lib/api.js';
import { words } from '../../strings/manage.js';
import { Badge, copyText, Link, Loaded, Page, Prose, useRead } from './common.js';

const said = words.doctor;
const SIGNS = { ok: ['ok', '✓'], warning: ['warn', '⚠'], failed: ['danger', '✗'] };
const ORDER = ['failed', 'warning', 'ok'];
/** Where a finding can be settled. @type {[RegExp, string][]} */
const PLACES = [
  [/^(config|hook)/, '/settings/all'],
  [/^endpoint/, '/settings/connection'],
  [/^(tool|module)/, '/tools/wasm'],
  [/^(database|disk|data|size)/, '/settings/databases'],
  [/^audit/, '/audit'],
  [/^sandbox/, '/settings/safety'],
];

/** The page. */
export default function Doctor() {
  const read = useRead(() => get('/api/doctor'), []);
  useEffect(() => {
    if (read.data && !read.isLoading) polite(summary(read.data));
  }, [read.data, read.isLoading]);
  const actions = html`
    <button type="button" class="button button-primary" disabled=${read.isLoading} onClick=${read.reload}>${read.isLoading ? said.running : said.again}</button>
    <button type="button" class="button" disabled=${!read.data} onClick=${() => copyText(asText(read.data))}>${said.copy}</button>`;
  return h(Page, {
    title: said.title, intro: said.intro, actions, testid: 'doctor-page',
    children: h(Loaded, { read, children: (findings) => html`
      <p><strong>${summary(findings)}</strong></p>
      <ul class="manage-cards">${sorted(findings).map((finding) => html`<li key=${`${finding.subject} ${finding.text}`}>${h(Finding, { finding })}</li>`)}</ul>` }),
  });
}

function sorted(findings) {
  return ORDER.flatMap((health) => findings.filter((finding) => finding.health === health));
}

function Finding({ finding }) {
  const [kind, sign] = SIGNS[finding.health];
  const place = finding.health === 'ok' ? null : PLACES.find(([pattern]) => pattern.test(finding.subject))?.[1];
  return html`<article class=${`manage-finding manage-finding-${finding.health}`} data-testid="finding" data-health=${finding.health} aria-label=${finding.subject}>
    <p>${h(Badge, { kind, sign, children: said.health[finding.health] })} <strong>${finding.subject}</strong> <span class="manage-break">${h(Prose, { text: finding.text })}</span></p>
    ${finding.hint ? html`<p class="manage-finding-hint">${said.todo} ${h(Prose, { text: finding.hint })}</p>` : null}
    ${place ? html`<p class="manage-finding-hint">${h(Link, { href: place, children: said.settle, label: said.settleNamed(finding.subject) })}</p>` : null}
  </article>`;
}

/** How many of each, in words. */
function summary(findings) {
  const count = (health) => findings.filter((finding) => finding.health === health).length;
  return said.summary(count('failed'), count('warning'), count('ok'));
}

/** All of it as text for a message to somebody who helps. */
function asText(findings) {
  return sorted(findings)
    .map((finding) => `${SIGNS[finding.health][1]} ${finding.subject}: ${finding.text}${finding.hint ? `\n  ${said.todo} ${finding.hint}` : ''}`)
    .join('\n');
}
