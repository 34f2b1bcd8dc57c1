/** `/audit`: whether the log is as it was written, and its records, filtered, a page at a time. */
import { html, h, useEffect, useState } from '../../lib/dom.js';
import { get, problemOf } from '../../lib/api.js';
import { Sheet, openLayer } from '../../lib/dialog.js';
import { dateTime, duration, number, plural, size } from '../../lib/format.js';
import { go, route } from '../../lib/router.js';
import { words } from '../../strings/manage.js';
import { Badge, copyText, Empty, Field, Link, Loaded, Note, Page, Part, ProblemNote, Table, useFacts, useRead } from './common.js';

const said = words.audit;
const PAGE = 50;
const FILTERS = ['action', 'tool', 'verdict', 'conversation', 'since', 'until'];
const ACTIONS = ['call', 'call_started', 'decision', 'module', 'rule', 'setting', 'undo', 'trust', 'taint', 'database', 'conversation'];
const VERDICTS = ['allowed', 'denied', 'not_answered', 'completed', 'failed', 'started', 'interrupted', 'granted', 'revoked', 'loaded', 'changed'];

/** The page. */
export default function Audit() {
  return h(Page, {
    title: said.title, intro: said.intro, testid: 'audit-page',
    children: html`${h(Report, {})}${h(Records, {})}${h(Export, {})}`,
  });
}

/** Whether it can be believed, in words. */
function Report() {
  const read = useRead(() => get('/api/audit/report'), []);
  return h(Part, {
    id: 'audit-report', title: said.reportTitle,
    actions: html`<button type="button" class="button" disabled=${read.isLoading} onClick=${read.reload}>${said.verify}</button>`,
    children: h(Loaded, { read, children: (report) => html`<div data-testid="audit-report" data-ok=${String(!report.first_bad)}>
      ${report.first_bad
        ? h(Note, { kind: 'danger', children: html`<p class="manage-note-title">${said.bad(report.first_bad.number)}</p><p>${report.first_bad.text}</p><p>${said.badHint}</p>` })
        : h(Note, { kind: 'ok', children: html`<p class="manage-note-title">✓ ${report.records === 0 ? said.emptyLog : said.good(plural(report.records, 'record'), plural(report.signatures, 'signature'))}</p>` })}
      ${(report.remarks ?? []).length > 0 ? html`<ul>${report.remarks.map((remark) => html`<li>${remark}</li>`)}</ul>` : null}
    </div>` }),
  });
}

/** The day a person named as the moment it begins. @param {string} text @param {number} days */
function moment(text, days = 0) {
  if (!text) return undefined;
  const [year, month, day] = text.split('-').map(Number);
  return new Date(year, month - 1, day + days).getTime();
}

function Records() {
  const { query } = route.value;
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? '']));
  const [older, setOlder] = useState({ entries: [], before: null, isLoading: false, problem: null });
  const asked = { ...filter, since: moment(filter.since), until: moment(filter.until, 1), limit: PAGE };
  const read = useRead(() => get('/api/audit', asked), [query.toString()]);
  useEffect(() => setOlder({ entries: [], before: null, isLoading: false, problem: null }), [read.data]);
  const before = older.entries.length > 0 ? older.before : read.data?.before;
  const more = async () => {
    setOlder((now) => ({ ...now, isLoading: true, problem: null }));
    try {
      const page = await get('/api/audit', { ...asked, before });
      setOlder((now) => ({ entries: [...now.entries, ...page.entries], before: page.before ?? null, isLoading: false, problem: null }));
    } catch (thrown) {
      setOlder((now) => ({ ...now, isLoading: false, problem: problemOf(thrown) }));
    }
  };
  const [isFresh, setFresh] = useState(false);
  useFacts(['approval', 'module', 'rule', 'setting', 'workspace', 'database'], () => setFresh(true));
  const reload = () => {
    setFresh(false);
    void read.reload();
  };
  return h(Part, {
    id: 'audit-records', title: said.recordsTitle,
    actions: html`<button type="button" class="button" onClick=${reload}>${isFresh ? said.newer : said.refresh}</button>`,
    children: html`
      ${h(Filters, { filter })}
      ${h(Loaded, { read, children: (page) => html`
        ${h(List, { records: [...page.entries, ...older.entries], isFiltered: FILTERS.some((name) => filter[name]) })}
        ${h(ProblemNote, { problem: older.problem })}
        ${before ? html`<button type="button" class="button" disabled=${older.isLoading} onClick=${more}>${said.older}</button>` : null}
      ` })}
    `,
  });
}

function Filters({ filter }) {
  const apply = (event) => {
    event.preventDefault();
    const pairs = new URLSearchParams();
    for (const [name, value] of new FormData(event.target)) if (String(value).trim()) pairs.set(name, String(value).trim());
    void go(`/audit${pairs.size > 0 ? `?${pairs}` : ''}`);
  };
  const choice = (name, list) => h(Field, {
    id: `audit-${name}`, label: said.filters[name],
    children: (tie) => html`<select ...${tie} name=${name} class="input" value=${filter[name]} onChange=${(event) => event.target.form.requestSubmit()}>
      <option value="" selected=${!filter[name]}>${said.all}</option>
      ${[...new Set([...list, filter[name]].filter(Boolean))].map((one) => html`<option value=${one} selected=${one === filter[name]}>${said.words[one] ?? one}</option>`)}
    </select>`,
  });
  const input = (name, type) => h(Field, {
    id: `audit-${name}`, label: said.filters[name],
    children: (tie) => html`<input ...${tie} name=${name} type=${type} class="input" value=${filter[name]} spellcheck=${false} autocomplete="off" />`,
  });
  return html`<form class="manage-filters" role="search" aria-label=${said.filterLabel} onSubmit=${apply} key=${JSON.stringify(filter)}>
    ${choice('action', ACTIONS)} ${choice('verdict', VERDICTS)} ${input('tool', 'text')} ${input('since', 'date')} ${input('until', 'date')}
    ${filter.conversation ? input('conversation', 'text') : null}
    <div class="manage-actions"><button type="submit" class="button">${said.apply}</button>
      ${h(Link, { href: '/audit', className: 'button', children: said.clear })}</div>
  </form>`;
}

function List({ records, isFiltered }) {
  if (records.length === 0) {
    return h(Empty, { text: isFiltered ? said.noneFits : said.none, children: isFiltered ? html`<p>${h(Link, { href: '/audit', children: said.clear })}</p>` : null });
  }
  const open = (record) => openLayer((close) => h(Details, { record, close }));
  return h(Table, {
    caption: said.caption,
    heads: [{ name: said.number, isNumber: true }, said.at, said.what, said.effect, said.verdict, said.by, { name: said.actions, isHidden: true }],
    children: records.map((record) => html`<tr key=${record.number} data-testid="audit-record">
      <td class="manage-number">${record.number}</td>
      <td class="manage-when">${dateTime(record.at)}</td>
      <td>${said.words[record.action] ?? record.action}${record.tool ? html` <code>${record.tool}</code>` : null}</td>
      <td class="manage-effect">${record.effect}</td>
      <td>${h(Verdict, { record })}</td>
      <td>${record.by}</td>
      <td><button type="button" class="button" onClick=${() => open(record)} aria-label=${said.detailsNamed(record.number)}>${said.details}</button></td>
    </tr>`),
  });
}

function Verdict({ record }) {
  const isBad = ['denied', 'failed', 'not_answered', 'interrupted', 'tainted'].includes(record.verdict);
  const sign = isBad ? '✗' : ['allowed', 'completed', 'granted', 'trusted'].includes(record.verdict) ? '✓' : '';
  return h(Badge, { kind: isBad ? 'danger' : sign ? 'ok' : 'muted', sign, children: said.words[record.verdict] ?? record.verdict });
}

/** Everything a record says. */
function Details({ record, close }) {
  const leave = () => close();
  const meter = record.meter;
  const rows = [
    [said.at, dateTime(record.at)],
    [said.what, said.words[record.action] ?? record.action],
    [said.tool, record.tool],
    [said.effect, record.effect],
    [said.tier, record.tier && words.tiers[record.tier]],
    [said.verdict, said.words[record.verdict] ?? record.verdict],
    [said.by, record.by],
    [said.scope, record.scope && said.scopes[record.scope]],
    [said.arguments, record.arguments],
    [said.user, record.user],
    [said.item, record.item],
    [said.wall, meter && duration(meter.wall_us / 1000)],
    [said.cpu, meter && duration(meter.cpu_us / 1000)],
    [said.memory, meter && size(meter.peak_memory_bytes)],
    [said.files, meter && said.filesWords(number(meter.files_opened), size(meter.bytes_read), size(meter.bytes_written))],
    [said.processes, meter && meter.processes > 0 ? number(meter.processes) : null],
    [said.hosts, meter && meter.hosts > 0 ? said.hostsWords(number(meter.hosts), size(meter.bytes_sent ?? 0), size(meter.bytes_received ?? 0)) : null],
    [said.hash, record.hash],
    [said.previous, record.previous],
  ].filter(([, value]) => value);
  return h(Sheet, {
    title: said.detailsTitle(record.number), onClose: leave, testId: 'audit-details',
    children: html`
      <dl class="manage-facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd class="manage-break">${value}</dd></div>`)}</dl>
      <div class="dialog-foot">
        <button type="button" class="button" onClick=${() => copyText(JSON.stringify(record, null, 2))}>${said.copyJson}</button>
        ${record.conversation ? html`<button type="button" class="button button-primary" onClick=${() => (leave(), go(placeOf(record)))}>
          ${record.item ? said.openCall : said.openConversation}</button>` : null}
      </div>
    `,
  });
}

/** Where the call of a record is shown. @param {any} record */
function placeOf(record) {
  return `/c/${record.conversation}${record.item ? `?item=${record.item}` : ''}`;
}

function Export() {
  return h(Part, {
    id: 'audit-export', title: said.exportTitle,
    children: html`<p>${said.exportText}</p><pre class="manage-code" tabindex="0">${said.exportCommand}</pre>`,
  });
}
