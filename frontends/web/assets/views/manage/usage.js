/** `/usage`: tokens and cost by day, model and project: as a picture, as a table, as a file. */
import { html, h, useEffect, useMemo, useRef, useState } from '../../lib/dom.js';
import { get } from '../../lib/api.js';
import { money, number, plural, tokens } from '../../lib/format.js';
import { theme } from '../../lib/prefs.js';
import { go, route } from '../../lib/router.js';
import { loadStyle } from '../../lib/style.js';
import { words } from '../../strings/manage.js';
import { Empty, Link, Loaded, Note, Page, Part, Prose, saveFile, Table, useRead } from './common.js';
import { csv, DAY, days, isoDay, sums, total } from './usage-model.js';

const said = words.usage;
const RANGES = { 7: 7, 30: 30, 90: 90, 365: 365, all: 0 };

/** The page. */
export default function Usage() {
  const asked = route.value.query.get('range') ?? '30';
  const range = Object.hasOwn(RANGES, asked) ? asked : '30';
  const since = useMemo(() => (RANGES[range] === 0 ? 0 : Math.floor(Date.now() / DAY) * DAY - (RANGES[range] - 1) * DAY), [range]);
  const read = useRead(() => get('/api/spending', { since }), [since]);
  const actions = html`
    <label class="manage-inline"><span>${said.range}</span>
      <select class="input" value=${range} onChange=${(event) => go(`/usage?range=${event.target.value}`)}>
        ${Object.keys(RANGES).map((name) => html`<option key=${name} value=${name} selected=${name === range}>${said.ranges[name]}</option>`)}
      </select></label>
    <button type="button" class="button" onClick=${read.reload} disabled=${read.isLoading}>${said.refresh}</button>
    <button type="button" class="button" disabled=${!read.data?.length}
      onClick=${() => saveFile(`aroom-usage-${isoDay(Date.now())}.csv`, csv(read.data ?? []), 'text/csv')}>${said.csv}</button>`;
  return h(Page, {
    title: said.title, intro: said.intro, actions, testid: 'usage-page',
    children: h(Loaded, { read, children: (rows) => (rows.length === 0 ? h(Empty, { text: said.empty }) : h(Shown, { rows, since })) }),
  });
}

function Shown({ rows, since }) {
  const all = total(rows);
  const hasCost = all.cost > 0;
  const facts = [
    [said.prompt, number(all.prompt)], [said.cached, number(all.cached)], [said.completion, number(all.completion)],
    [said.requests, number(all.requests)], ...(hasCost ? [[said.cost, money(all.cost)]] : []),
  ];
  return html`
    <dl class="manage-totals">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${all.isEstimated ? h(Note, { children: html`<p>${said.estimated}</p>` }) : null}
    ${hasCost ? null : html`<p class="manage-help">${h(Prose, { text: said.noPrices })} ${h(Link, { href: '/settings/ai#ai.prices.input', children: said.setPrices })}</p>`}
    ${h(Chart, { rows, since, hasCost })}
    <div class="manage-columns">
      ${h(Sums, { id: 'usage-models', title: said.byModel, head: said.model, list: sums(rows, (row) => row.model || said.unknownModel), hasCost })}
      ${h(Sums, { id: 'usage-projects', title: said.byProject, head: said.project, list: sums(rows, (row) => row.project_name || said.noProject), hasCost })}
    </div>
    ${h(Rows, { rows, hasCost })}
  `;
}

function Chart({ rows, since, hasCost }) {
  const [metric, setMetric] = useState('tokens');
  const [problem, setProblem] = useState('');
  const place = useRef(null);
  const points = useMemo(() => days(rows, since, Date.now()), [rows, since]);
  const look = theme.value;
  useEffect(() => {
    let stop = () => {};
    let isGone = false;
    Promise.all([import('./usage-chart.js'), loadStyle('../vendor/uplot/uplot')]).then(
      ([{ draw }]) => {
        if (!isGone && place.current) stop = draw(place.current, points, metric);
      },
      () => setProblem(said.noChart),
    );
    return () => {
      isGone = true;
      stop();
    };
  }, [points, metric, look]);
  const peak = points.reduce((most, one) => (one.sum.prompt + one.sum.completion > most.sum.prompt + most.sum.completion ? one : most), points[0]);
  return h(Part, {
    id: 'usage-chart', title: said.chartTitle,
    actions: hasCost
      ? html`<label class="manage-inline"><span>${said.show}</span><select class="input" value=${metric} onChange=${(event) => setMetric(event.target.value)}>
          <option value="tokens" selected=${metric === 'tokens'}>${said.tokens}</option><option value="cost" selected=${metric === 'cost'}>${said.cost}</option></select></label>`
      : null,
    children: html`<div class="manage-chart" ref=${place} role="img" aria-label=${said.chartLabel(plural(points.length, 'day'), isoDay(peak.day), tokens(peak.sum.prompt + peak.sum.completion))}></div>
      ${metric === 'tokens' ? html`<p class="manage-legend" aria-hidden="true"><i class="manage-key-prompt"></i>${said.fresh} <i class="manage-key-cached"></i>${said.cached} <i class="manage-key-completion"></i>${said.completion}</p>` : null}
      ${problem ? html`<p class="manage-help">${problem}</p>` : null}`,
  });
}

const NUMBERS = (hasCost) => [
  { name: said.requests, isNumber: true }, { name: said.prompt, isNumber: true }, { name: said.cached, isNumber: true },
  { name: said.completion, isNumber: true }, ...(hasCost ? [{ name: said.cost, isNumber: true }] : []),
];

function Numbers({ sum, hasCost }) {
  return html`<td class="manage-number">${number(sum.requests)}</td><td class="manage-number">${number(sum.prompt)}</td>
    <td class="manage-number">${number(sum.cached)}</td><td class="manage-number">${number(sum.completion)}</td>
    ${hasCost ? html`<td class="manage-number">${money(sum.cost)}</td>` : null}`;
}

function Sums({ id, title, head, list, hasCost }) {
  return h(Part, {
    id, title,
    children: h(Table, {
      caption: title, isOfNumbers: true, heads: [head, ...NUMBERS(hasCost)],
      children: list.map(({ name, sum }) => html`<tr key=${name}><th scope="row">${name}</th>${h(Numbers, { sum, hasCost })}</tr>`),
    }),
  });
}

function Rows({ rows, hasCost }) {
  const all = total(rows);
  return h(Part, {
    id: 'usage-rows', title: said.byDay,
    children: h(Table, {
      caption: said.byDayCaption, isOfNumbers: true, heads: [said.day, said.model, said.project, ...NUMBERS(hasCost)],
      children: [
        ...rows.map((row) => html`<tr key=${`${row.day} ${row.model} ${row.project ?? ''}`} data-testid="usage-row">
          <th scope="row">${isoDay(row.day)}</th><td>${row.model || said.unknownModel}</td><td>${row.project_name || words.common.none}</td>
          ${h(Numbers, { sum: total([row]), hasCost })}</tr>`),
        html`<tr key="total" class="manage-total"><th scope="row">${said.total}</th><td></td><td></td>${h(Numbers, { sum: all, hasCost })}</tr>`,
      ],
    }),
  });
}
