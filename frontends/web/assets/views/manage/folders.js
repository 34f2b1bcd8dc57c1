/** Folders of conversations: made, named, put into each other, taken away. */
import { html, h } from '../../lib/dom.js';
import { get, op } from '../../lib/api.js';
import { askText, confirm } from '../../lib/dialog.js';
import { number } from '../../lib/format.js';
import { words } from '../../strings/manage.js';
import { Empty, Loaded, ProblemNote, Table, useFacts, useRead, useWork } from './common.js';

const said = words.folders;

/** The page's content. */
export function Folders() {
  const read = useRead(() => get('/api/folders'), []);
  useFacts(['folder', 'conversation'], read.reload);
  const work = useWork();
  const make = async () => {
    const name = await askText({ title: said.newTitle, label: said.name, hint: said.nameHint, maxLength: 80 });
    if (!name) return;
    await work.run(async () => {
      await op('folder', { verb: 'create', name });
      await read.reload();
    }, said.made);
  };
  return html`
    <div class="manage-actions"><button type="button" class="button button-primary" disabled=${work.isBusy} onClick=${make}>${said.add}</button></div>
    ${h(ProblemNote, { problem: work.problem })}
    ${h(Loaded, { read, children: (folders) => folders.length === 0 ? h(Empty, { text: said.empty }) : h(Table, {
      caption: said.caption, heads: [said.name, { name: said.count, isNumber: true }, said.inside, said.lives, { name: said.actions, isHidden: true }],
      children: folders.map((folder) => h(Folder, { key: folder.id, folder, folders, work, reload: read.reload })),
    }) })}
  `;
}

function Folder({ folder, folders, work, reload }) {
  const run = (wish, done) => work.run(async () => {
    await op('folder', { folder: folder.id, ...wish });
    await reload();
  }, done);
  const rename = async () => {
    const name = await askText({ title: said.renameTitle(folder.name), label: said.name, value: folder.name, hint: said.nameHint, maxLength: 80 });
    if (name && name !== folder.name) await run({ verb: 'rename', name }, said.renamed);
  };
  const remove = async () => {
    const isSure = await confirm({ title: said.deleteTitle(folder.name), text: said.deleteText, action: words.common.remove, isDanger: true });
    if (isSure) await run({ verb: 'delete' }, said.deleted);
  };
  const move = (parent) => run({ verb: 'move', parent: parent || null }, said.moved);
  // It cannot be put into itself or what is in it, nor into another database.
  const places = folders.filter((one) =>
    one.database === folder.database && one.path !== folder.path && !one.path.startsWith(`${folder.path}/`));
  return html`<tr data-testid="folder">
    <th scope="row">${folder.path}</th>
    <td class="manage-number">${number(folder.conversations)}</td>
    <td><select class="input" aria-label=${said.insideOf(folder.path)} disabled=${work.isBusy} value=${folder.parent ?? ''} onChange=${(event) => move(event.target.value)}>
      <option value="" selected=${!folder.parent}>${said.top}</option>
      ${places.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === folder.parent}>${one.path}</option>`)}
    </select></td>
    <td>${folder.database ?? said.personal}</td>
    <td><div class="manage-actions">
      <button type="button" class="button" disabled=${work.isBusy} onClick=${rename} aria-label=${said.renameNamed(folder.path)}>${said.rename}</button>
      <button type="button" class="button" disabled=${work.isBusy} onClick=${remove} aria-label=${said.deleteNamed(folder.path)}>${words.common.remove}</button>
    </div></td>
  </tr>`;
}
