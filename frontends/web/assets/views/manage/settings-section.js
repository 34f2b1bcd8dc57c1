/** A section of the config file: its settings, each with its value, origin, default, help, and a way back. */
import { html, h, useEffect, useMemo, useState } from '../../lib/dom.js';
import { get } from '../../lib/api.js';
import { route } from '../../lib/router.js';
import { words } from '../../strings/manage.js';
import { Empty, Link, Loaded, Part, ProblemNote, Prose, useFacts, useRead } from './common.js';
import { groupOf, nameOf, schemaOf } from './settings-model.js';
import { Setting } from './settings-field.js';

const said = words.settings;
/** What has a page of its own. */
const ELSEWHERE = { shared_databases: '/settings/databases' };

/** What a section of the config file holds. */
export function SettingSection({ section }) {
  const read = useRead(async () => {
    const [report, schema] = await Promise.all([get('/api/config'), get('/api/config/schema')]);
    return { report, schema };
  }, []);
  useFacts(['setting', 'workspace'], read.reload);
  return h(Loaded, { read, children: (data) => h(Report, { section, data, reload: read.reload }) });
}

function Report({ section, data, reload }) {
  const [filter, setFilter] = useState(route.value.query.get('find') ?? '');
  const { report, schema } = data;
  const wanted = filter.trim().toLowerCase();
  const ours = useMemo(() => report.settings.filter((setting) =>
    section === 'all'
      ? `${setting.key} ${setting.doc} ${setting.environment ?? ''}`.toLowerCase().includes(wanted)
      : setting.key.split('.')[0] === section && setting.key.includes('.')), [report, section, wanted]);
  const groups = Map.groupBy ? Map.groupBy(ours, (setting) => groupOf(setting.key)) : grouped(ours);
  useEffect(() => {
    // A link to one setting leads there once it is drawn.
    const id = route.value.hash.slice(1);
    if (id) document.getElementById(`setting-${id}`)?.scrollIntoView({ block: 'center' });
  }, []);
  return html`
    ${h(Warnings, { report })}
    ${section === 'all'
      ? html`<label class="field"><span class="field-label">${said.find}</span>
          <input class="input" type="search" value=${filter} onInput=${(event) => setFilter(event.target.value)} /></label>
        <p class="manage-help" role="status">${said.count(ours.length)}</p>`
      : null}
    ${ours.length === 0 ? h(Empty, { text: said.noneFound(filter) }) : null}
    ${[...groups].map(([group, settings]) => h(Part, {
      key: group, id: `settings-${group || 'beside'}`, title: said.groupTitles[group] ?? group,
      children: html`<ul class="manage-settings">${settings.map((setting) => html`<li key=${setting.key}>
        ${ELSEWHERE[setting.key]
          ? html`<p class="manage-setting">${nameOf(setting.key)}: ${h(Link, { href: ELSEWHERE[setting.key], children: said.elsewhere })}</p>`
          : h(Setting, { setting, schema: schemaOf(schema, setting.key), reload })}
      </li>`)}</ul>`,
    }))}
    <p class="manage-help">${h(Prose, { text: said.file(report.path) })}</p>
  `;
}

function grouped(settings) {
  const groups = new Map();
  for (const setting of settings) {
    const group = groupOf(setting.key);
    groups.set(group, [...(groups.get(group) ?? []), setting]);
  }
  return groups;
}

/** What is wrong with what was written into the files. */
function Warnings({ report }) {
  if (report.warnings.length === 0) return null;
  return html`<section aria-label=${said.warnings} data-testid="config-warnings">
    ${report.warnings.map((problem) => h(ProblemNote, { problem, kind: 'warn' }))}
  </section>`;
}
