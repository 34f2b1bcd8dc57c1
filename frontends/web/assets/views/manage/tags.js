/** Tags: another name, a color in this browser, taken from everything. */
import { html, h } from '../../lib/dom.js';
import { get, op } from '../../lib/api.js';
import { askText, confirm } from '../../lib/dialog.js';
import { plural } from '../../lib/format.js';
import { pref, save } from '../../lib/prefs.js';
import { words } from '../../strings/manage.js';
import { Empty, Loaded, ProblemNote, Table, useFacts, useRead, useWork } from './common.js';

const said = words.tags;
/** The colors of tags as this browser shows them: name to the name of a color. */
const colors = pref('tag-colors', /** @type {Record<string, string>} */ ({}));
const COLORS = ['none', 'accent', 'ok', 'warn', 'exec', 'danger'];

/** The page's content. */
export function Tags() {
  const read = useRead(() => get('/api/tags'), []);
  useFacts(['tag', 'conversation'], read.reload);
  const work = useWork();
  return html`
    ${h(ProblemNote, { problem: work.problem })}
    ${h(Loaded, { read, children: (tags) => tags.length === 0 ? h(Empty, { text: said.empty }) : h(Table, {
      caption: said.caption, heads: [said.name, said.used, said.color, { name: said.actions, isHidden: true }],
      children: tags.map((tag) => h(Tag, { key: tag.name, tag, tags, work, reload: read.reload })),
    }) })}
    <p class="manage-help">${said.colorsKept}</p>
  `;
}

function paint(/** @type {string} */ name, /** @type {string} */ color) {
  const { [name]: _old, ...others } = colors.value ?? {};
  save('tag-colors', color === 'none' ? others : { ...others, [name]: color });
}

function Tag({ tag, tags, work, reload }) {
  const color = colors.value?.[tag.name] ?? 'none';
  const rename = async () => {
    const to = (await askText({ title: said.renameTitle(tag.name), label: said.newName, value: tag.name, hint: said.nameHint, maxLength: 64 }))?.trim();
    if (!to || to === tag.name) return;
    const is_merging = tags.some((one) => one.name === to);
    if (is_merging && !(await confirm({ title: said.mergeTitle(to), text: said.mergeText(tag.name, to), action: said.merge }))) return;
    await work.run(async () => {
      await op('tag', { verb: 'rename', tag: tag.name, to, is_merging });
      paint(to, color);
      paint(tag.name, 'none');
      await reload();
    }, said.renamed);
  };
  const remove = async () => {
    const isSure = await confirm({ title: said.deleteTitle(tag.name), text: said.deleteText(tag.conversations), action: words.common.remove, isDanger: true });
    if (!isSure) return;
    await work.run(async () => {
      await op('tag', { verb: 'delete', tag: tag.name });
      paint(tag.name, 'none');
      await reload();
    }, said.deleted);
  };
  return html`<tr data-testid="tag">
    <th scope="row"><span class=${`manage-tag manage-tag-${color}`}>#${tag.name}</span></th>
    <td>${plural(tag.conversations, 'conversation')}</td>
    <td><select class="input" aria-label=${said.colorOf(tag.name)} value=${color} onChange=${(event) => paint(tag.name, event.target.value)}>
      ${COLORS.map((one) => html`<option value=${one} selected=${one === color}>${said.colors[one]}</option>`)}</select></td>
    <td><div class="manage-actions">
      <button type="button" class="button" disabled=${work.isBusy} onClick=${rename} aria-label=${said.renameNamed(tag.name)}>${said.rename}</button>
      <button type="button" class="button" disabled=${work.isBusy} onClick=${remove} aria-label=${said.deleteNamed(tag.name)}>${words.common.remove}</button>
    </div></td>
  </tr>`;
}
