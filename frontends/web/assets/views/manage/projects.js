/** Projects: what conversations of one undertaking begin with; made, changed, accepted, taken away. */
import { html, h, useState } from '../../lib/dom.js';
import { get, op, problemOf } from '../../lib/api.js';
import { confirm, Dialog, openLayer } from '../../lib/dialog.js';
import { plural } from '../../lib/format.js';
import { start } from '../../lib/start.js';
import { words } from '../../strings/manage.js';
import { Badge, Empty, Field, Loaded, Note, ProblemNote, useFacts, useRead, useWork } from './common.js';

const said = words.projects;

/** The page's content. */
export function Projects() {
  const read = useRead(() => get('/api/projects'), []);
  useFacts(['project', 'conversation'], read.reload);
  const edit = async (project) => {
    const isSaved = await openLayer((close) => h(ProjectForm, { project, close }));
    if (isSaved) await read.reload();
  };
  return html`
    <div class="manage-actions"><button type="button" class="button button-primary" onClick=${() => edit(null)}>${said.add}</button></div>
    ${h(Loaded, { read, children: (projects) => projects.length === 0 ? h(Empty, { text: said.empty }) : html`<ul class="manage-cards">
      ${projects.map((project) => html`<li key=${project.id}>${h(Project, { project, edit, reload: read.reload })}</li>`)}
    </ul>` })}
  `;
}

function Project({ project, edit, reload }) {
  const work = useWork();
  const remove = async () => {
    const isSure = await confirm({ title: said.deleteTitle(project.name), text: said.deleteText, action: words.common.remove, isDanger: true });
    if (!isSure) return;
    await work.run(async () => {
      await op('project', { verb: 'delete', project: project.id });
      await reload();
    }, said.deleted);
  };
  const accept = () => work.run(async () => {
    await op('project', { verb: 'trust', project: project.id, hash: project.hash });
    await reload();
  }, said.accepted);
  return html`<article class="manage-card" aria-label=${project.name} data-testid="project">
    <header class="manage-card-head">
      <h2>${project.name}</h2>
      <span class="manage-muted">${plural(project.conversations, 'conversation')}${project.database ? ` · ${project.database}` : ''}</span>
      ${project.is_trusted ? null : h(Badge, { kind: 'warn', sign: '⚠', children: said.notAccepted })}
      <div class="manage-actions">
        <button type="button" class="button" onClick=${() => edit(project)} aria-label=${said.editNamed(project.name)}>${said.edit}</button>
        <button type="button" class="button" disabled=${work.isBusy} onClick=${remove} aria-label=${said.deleteNamed(project.name)}>${words.common.remove}</button>
      </div>
    </header>
    ${h(ProblemNote, { problem: work.problem })}
    ${project.is_trusted ? null : h(Note, { kind: 'warn', children: html`<p>${said.notAcceptedText}</p>
      <button type="button" class="button" disabled=${work.isBusy} onClick=${accept}>${said.accept}</button>` })}
    <dl class="manage-facts">
      ${project.workspace ? html`<div><dt>${said.workspace}</dt><dd><code class="manage-break">${project.workspace}</code></dd></div>` : null}
      ${project.model ? html`<div><dt>${said.model}</dt><dd>${project.model}</dd></div>` : null}
    </dl>
    ${project.instructions ? html`<details class="manage-details" open=${!project.is_trusted}><summary>${said.instructions}</summary>
      <p class="manage-pre">${project.instructions}</p></details>` : null}
  </article>`;
}

function ProjectForm({ project, close }) {
  const [spec, setSpec] = useState({
    name: project?.name ?? '', instructions: project?.instructions ?? '', workspace: project?.workspace ?? '', model: project?.model ?? '',
  });
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const models = useRead(() => get('/api/models').catch(() => []), []);
  const set = (name) => (event) => setSpec({ ...spec, [name]: event.target.value });
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const written = { name: spec.name.trim(), instructions: spec.instructions, workspace: spec.workspace.trim() || null, model: spec.model.trim() || null };
    try {
      if (project) await op('project', { verb: 'change', project: project.id, base: project.hash, spec: written });
      else await op('project', { verb: 'create', spec: written });
      close(true);
    } catch (thrown) {
      setProblem(problemOf(thrown));
      setBusy(false);
    }
  };
  return h(Dialog, {
    title: project ? said.editTitle(project.name) : said.newTitle, onClose: () => close(false), testId: 'project-dialog',
    children: html`<form class="manage-form" onSubmit=${submit}>
      ${h(Field, { id: 'project-name', label: said.name, children: (tie) => html`<input ...${tie} class="input" required maxlength="80" value=${spec.name} onInput=${set('name')} />` })}
      ${h(Field, { id: 'project-instructions', label: said.instructions, help: said.instructionsHelp, children: (tie) => html`<textarea ...${tie} class="input" rows="6" maxlength="32000" value=${spec.instructions} onInput=${set('instructions')}></textarea>` })}
      ${h(Field, { id: 'project-workspace', label: said.workspace, help: said.workspaceHelp(start.value.workspace), children: (tie) => html`<input ...${tie} class="input" spellcheck=${false} value=${spec.workspace} onInput=${set('workspace')} />` })}
      ${h(Field, { id: 'project-model', label: said.model, help: said.modelHelp, children: (tie) => html`<input ...${tie} class="input" list="project-models" spellcheck=${false} value=${spec.model} onInput=${set('model')} />
        <datalist id="project-models">${(models.data ?? []).map((name) => html`<option value=${name}></option>`)}</datalist>` })}
      ${h(ProblemNote, { problem })}
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${() => close(false)}>${words.common.cancel}</button>
        <button type="submit" class="button button-primary" disabled=${isBusy || !spec.name.trim()}>${words.common.save}</button>
      </footer>
    </form>`,
  });
}
