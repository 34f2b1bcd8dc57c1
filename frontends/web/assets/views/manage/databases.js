/** Databases: how they are, checking and copying them, giving space back, and shared ones. */
import { html, h, useState } from '../../lib/dom.js';
import { get, op, problemOf } from '../../lib/api.js';
import { confirm } from '../../lib/dialog.js';
import { dateTime, number, plural, size } from '../../lib/format.js';
import { toast } from '../../lib/toast.js';
import { words } from '../../strings/manage.js';
import { Badge, Field, Loaded, Note, Part, ProblemNote, Prose, useFacts, useRead, useWork } from './common.js';

const said = words.databases;

/** The page's content. */
export function Databases() {
  const [isChecking, setChecking] = useState(false);
  const read = useRead(() => get('/api/databases', { check: isChecking }), [isChecking]);
  useFacts(['database'], read.reload);
  const work = useWork();
  const check = async () => {
    if (isChecking) await read.reload();
    else setChecking(true);
  };
  const backUp = () => work.run(async () => {
    await op('database', { verb: 'back_up' });
    await read.reload();
  }, said.backedUp);
  const vacuum = async () => {
    const isSure = await confirm({ title: said.vacuumTitle, text: said.vacuumText, action: said.vacuum });
    if (!isSure) return;
    await work.run(async () => {
      await op('database', { verb: 'vacuum' });
      await read.reload();
    }, said.vacuumed);
  };
  const isBusy = work.isBusy || (isChecking && read.isLoading);
  return html`
    ${h(Part, {
      id: 'databases-list', title: said.title,
      actions: html`
        <button type="button" class="button" disabled=${isBusy} onClick=${check}>${said.check}</button>
        <button type="button" class="button" disabled=${isBusy} onClick=${backUp}>${said.backUp}</button>
        <button type="button" class="button" disabled=${isBusy} onClick=${vacuum}>${said.vacuum}</button>`,
      children: html`
        ${h(ProblemNote, { problem: work.problem })}
        <p class="manage-help" role="status">${work.isBusy ? said.working : isChecking && read.isLoading ? said.checking : ''}</p>
        ${h(Loaded, { read, children: (list) => html`<ul class="manage-cards">
          ${list.map((database) => html`<li key=${database.path}>${h(Database, { database, isChecked: isChecking && !read.isLoading, reload: read.reload })}</li>`)}
        </ul>` })}
        <p class="manage-help">${h(Prose, { text: said.restore })}</p>
      `,
    })}
    ${h(AddShared, { reload: read.reload })}
  `;
}

function Database({ database, isChecked, reload }) {
  const work = useWork();
  const complaints = database.complaints ?? [];
  const remove = async () => {
    const isSure = await confirm({ title: said.removeTitle(database.name), text: said.removeText, action: said.letGo, isDanger: true });
    if (!isSure) return;
    await work.run(async () => {
      await op('database', { verb: 'share_remove', name: database.name });
      await reload();
    }, said.removed);
  };
  return html`<article class="manage-card" aria-label=${database.name || said.personal}>
    <header class="manage-card-head">
      <h3>${database.name || said.personal}</h3>
      ${complaints.length > 0
        ? h(Badge, { kind: 'danger', sign: '✗', children: said.bad })
        : isChecked ? h(Badge, { kind: 'ok', sign: '✓', children: said.good }) : null}
      ${database.is_read_only ? h(Badge, { kind: 'warn', sign: '⚠', children: said.readOnly }) : null}
      ${database.name ? html`<div class="manage-actions"><button type="button" class="button" disabled=${work.isBusy} onClick=${remove}
        aria-label=${said.letGoNamed(database.name)}>${said.letGo}</button></div>` : null}
    </header>
    ${h(ProblemNote, { problem: work.problem })}
    ${complaints.map((text) => h(Note, { kind: 'danger', children: html`<p>${h(Prose, { text })}</p>` }))}
    <dl class="manage-facts">
      <div><dt>${said.file}</dt><dd><code class="manage-break">${database.path}</code></dd></div>
      <div><dt>${said.size}</dt><dd>${size(database.size_bytes)}</dd></div>
      <div><dt>${said.holds}</dt><dd>${plural(database.conversations, 'conversation')}, ${plural(database.items, 'item')}</dd></div>
      <div><dt>${said.schema}</dt><dd>${number(database.schema)}</dd></div>
      ${database.name ? null : html`<div><dt>${said.backup}</dt><dd>${database.backed_up_at ? dateTime(database.backed_up_at) : words.common.never}</dd></div>`}
    </dl>
    ${(database.parts ?? []).length > 0
      ? html`<details class="manage-details"><summary>${said.parts}</summary><dl class="manage-facts">
          ${database.parts.map((part) => html`<div key=${part.name}><dt><code>${part.name}</code></dt><dd>${size(part.bytes)}</dd></div>`)}</dl></details>`
      : null}
  </article>`;
}

function AddShared({ reload }) {
  const [name, setName] = useState('');
  const [path, setPath] = useState('');
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await op('database', { verb: 'share_add', name: name.trim(), path: path.trim() });
      setName('');
      setPath('');
      toast(said.added);
      await reload();
    } catch (thrown) {
      setProblem(problemOf(thrown));
    }
    setBusy(false);
  };
  return h(Part, {
    id: 'databases-add', title: said.addTitle, intro: said.addIntro,
    children: html`<form class="manage-form" onSubmit=${submit}>
      ${h(Field, { id: 'shared-name', label: said.name, children: (tie) => html`<input ...${tie} class="input" required value=${name} onInput=${(event) => setName(event.target.value)} />` })}
      ${h(Field, { id: 'shared-path', label: said.path, help: said.pathHelp, children: (tie) => html`<input ...${tie} class="input" required spellcheck=${false} value=${path} onInput=${(event) => setPath(event.target.value)} />` })}
      ${h(ProblemNote, { problem })}
      <div><button type="submit" class="button button-primary" disabled=${isBusy || !name.trim() || !path.trim()}>${said.add}</button></div>
    </form>`,
  });
}
