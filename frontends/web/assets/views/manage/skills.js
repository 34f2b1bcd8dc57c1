/** `/skills`: which skills there are, where each is from, what it says, what is wrong with a file; new ones. */
import { html, h, useEffect, useLayoutEffect, useRef, useState } from '../../lib/dom.js';
import { get, op } from '../../lib/api.js';
import { confirm } from '../../lib/dialog.js';
import { start } from '../../lib/start.js';
import { words as said } from '../../strings/manage-skills.js';
import { Badge, Empty, Field, Loaded, Page, Part, ProblemNote, Prose, useFacts, useRead, useWork } from './common.js';

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** The page. */
export default function Skills() {
  const [folder, setFolder] = useState(start.value.workspace);
  const [wanted, setWanted] = useState('');
  const [isNew, setNew] = useState(false);
  const add = useRef(/** @type {HTMLButtonElement|null} */ (null));
  const read = useRead(() => get('/api/skills', { workspace: folder }), [folder]);
  useEffect(() => {
    // Files may have changed while another window was in front.
    const seen = () => document.visibilityState === 'visible' && void read.reload();
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, [folder]);
  useFacts(['module', 'mcp', 'bundle', 'workspace'], read.reload);
  const namesTools = (read.data ?? []).some((skill) => skill.allowed_tools?.length > 0);
  useEffect(() => {
    if (!namesTools) return;
    // This waits for tools that are being loaded; only then it is known which names are of none.
    let isOver = false;
    get('/api/modules', { workspace: folder }).then(() => isOver || read.reload(), () => {});
    return () => {
      isOver = true;
    };
  }, [folder, namesTools]);
  const wasNew = useRef(false);
  useEffect(() => {
    // Whoever is done with the form goes on where they began.
    if (wasNew.current && !isNew && document.activeElement === document.body) add.current?.focus();
    wasNew.current = isNew;
  }, [isNew]);
  const made = async () => {
    setNew(false);
    await read.reload();
  };
  const actions = html`<button type="button" class="button" onClick=${read.reload}>${said.again}</button>
    <button ref=${add} type="button" class="button button-primary" disabled=${isNew} onClick=${() => setNew(true)}>${said.create}</button>`;
  return h(Page, {
    title: said.title, intro: said.intro, testid: 'skills-page', actions,
    children: html`
      ${isNew ? h(New, { folder, made, cancel: () => setNew(false) }) : null}
      <div class="manage-row">
        ${h(Field, { id: 'skills-find', label: said.filter, children: (tie) => html`<input ...${tie} class="input" type="search" value=${wanted} onInput=${(event) => setWanted(event.target.value)} />` })}
        ${h(Folder, { folder, setFolder })}
      </div>
      ${h(Loaded, { read, children: (skills) => h(List, { skills, wanted, folder, reload: read.reload }) })}
    `,
  });
}

function Folder({ folder, setFolder }) {
  const [text, setText] = useState(folder);
  const look = (event) => {
    event.preventDefault();
    setFolder(text.trim());
  };
  return html`<form class="manage-row skill-folder" onSubmit=${look}>
    ${h(Field, { id: 'skills-folder', label: said.folder, children: (tie) => html`<input ...${tie} class="input" spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)} />` })}
    <button type="submit" class="button" disabled=${!text.trim()}>${said.look}</button>
  </form>`;
}

function List({ skills, wanted, folder, reload }) {
  const typed = wanted.trim().toLowerCase();
  const shown = skills.filter((skill) => `${skill.name} ${skill.description}`.toLowerCase().includes(typed));
  if (shown.length === 0) return h(Empty, { text: said.none });
  return html`<ul class="manage-cards" data-testid="skills">
    ${shown.map((skill) => html`<li key=${`${skill.name} ${skill.path ?? ''}`}>${h(Skill, { skill, folder, reload })}</li>`)}
  </ul>`;
}

const isBroken = (skill) => (skill.findings ?? []).some((finding) => finding.is_error);

function Skill({ skill, folder, reload }) {
  const [isOpen, setOpen] = useState(false);
  const state = isBroken(skill)
    ? h(Badge, { kind: 'danger', sign: '✗', children: said.broken })
    : skill.shadowed_by ? h(Badge, { kind: 'muted', sign: '○', children: said.hidden }) : null;
  return html`<details class="manage-card skill" data-name=${skill.name} open=${isOpen} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>
      <code>/${skill.name}</code> <bdi class="manage-help">${skill.argument_hint ?? ''}</bdi>${' '}
      ${h(Badge, { kind: 'muted', children: said.originOf(skill.origin) })} ${state}
      <span class="skill-about"><bdi>${skill.description}</bdi></span>
    </summary>
    ${isOpen ? h(Whole, { skill, folder, reload }) : null}
  </details>`;
}

function Whole({ skill, folder, reload }) {
  const work = useWork();
  const canShow = skill.is_usable || isBroken(skill);
  const read = useRead(() => (canShow ? get(`/api/skills/${encodeURIComponent(skill.name)}`, { workspace: folder }) : null), [skill.name, folder]);
  const body = read.data?.path === skill.path ? read.data?.body : null;
  const files = read.data?.path === skill.path ? (read.data?.files ?? []) : [];
  const isOwn = skill.origin.kind === 'user';
  const isOurs = isOwn || (skill.origin.kind === 'project' && skill.path?.startsWith(`${folder}/.anteroom/skills/`));
  const remove = async () => {
    if (!(await confirm({ title: said.removeAsk(skill.name), text: skill.path, action: said.remove, isDanger: true }))) return;
    const wish = { verb: 'remove', name: skill.name, ...(isOwn ? {} : { workspace: folder }) };
    await work.run(async () => {
      await op('skill', wish);
      await reload();
    }, said.removed(skill.name));
  };
  const findings = skill.findings ?? [];
  return html`
    ${h(ProblemNote, { problem: work.problem })}
    ${skill.shadowed_by ? html`<p>${said.hiddenBy(skill.shadowed_by)}</p>` : null}
    ${skill.origin.kind === 'project' || skill.origin.kind === 'bundle' ? html`<p class="manage-help">${said.workspaceNote}</p>` : null}
    ${findings.length > 0
      ? html`<h3>${said.findings}</h3><ul class="skill-findings">${findings.map((one) => html`<li class=${one.is_error ? 'is-bad' : ''}>
          <code class="manage-break">${said.line(one.path, one.line)}</code> ${one.text}</li>`)}</ul>`
      : null}
    <dl class="manage-facts">
      <dt>${said.file}</dt><dd>${skill.path ? html`<code class="manage-break">${skill.path}</code>` : said.inside}</dd>
      ${skill.is_for_model && skill.is_for_people ? null : html`<dt>${said.call}</dt><dd>${skill.is_for_model ? said.onlyModel : said.onlyPeople}</dd>`}
      ${skill.allowed_tools ? html`<dt>${said.tools}</dt><dd><code class="manage-break">${skill.allowed_tools.join(', ') || said.noTools}</code> <span class="manage-help">${said.toolsHelp}</span></dd>` : null}
      ${files.length > 0 ? html`<dt>${said.beside}</dt><dd><code class="manage-break">${files.join(', ')}</code></dd>` : null}
    </dl>
    ${body ? html`<h3>${said.instructions}</h3><pre class="skill-body" tabindex="0">${body}</pre>` : null}
    ${isOurs ? html`<div class="manage-actions"><button type="button" class="button" disabled=${work.isBusy} onClick=${remove}>${said.remove}</button></div>` : null}
  `;
}

function New({ folder, made, cancel }) {
  const work = useWork();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [body, setBody] = useState('');
  const [isHere, setHere] = useState(false);
  const element = useRef(/** @type {HTMLFormElement|null} */ (null));
  // The person asked for it.
  useLayoutEffect(() => element.current?.querySelector('input')?.focus(), []);
  const make = (event) => {
    event.preventDefault();
    const wish = { verb: 'new', name, description, ...(body.trim() ? { body } : {}), ...(isHere ? { workspace: folder } : {}) };
    void work.run(async () => {
      await op('skill', wish);
      await made();
    }, said.made(name));
  };
  const typed = (set) => (event) => set(event.target.value);
  return h(Part, {
    id: 'skills-new', title: said.create,
    children: html`<form ref=${element} class="manage-form" onSubmit=${make} data-testid="skill-new">
      ${h(ProblemNote, { problem: work.problem })}
      ${h(Field, { id: 'skill-name', label: said.name, help: said.nameHelp, children: (tie) => html`<input ...${tie} class="input" spellcheck=${false} autocomplete="off" value=${name} onInput=${typed(setName)} />` })}
      ${h(Field, { id: 'skill-description', label: said.description, help: said.descriptionHelp, children: (tie) => html`<input ...${tie} class="input" value=${description} onInput=${typed(setDescription)} />` })}
      ${h(Field, { id: 'skill-body', label: said.body, help: h(Prose, { text: said.bodyHelp }), children: (tie) => html`<textarea ...${tie} class="input" rows="8" value=${body} onInput=${typed(setBody)}></textarea>` })}
      ${h(Field, { id: 'skill-where', label: said.where, children: (tie) => html`<select ...${tie} class="input" value=${isHere ? 'here' : 'own'} onChange=${(event) => setHere(event.target.value === 'here')}>
        <option value="own">${said.own}</option><option value="here">${said.here}</option></select>` })}
      <div class="manage-actions">
        <button type="submit" class="button button-primary" disabled=${work.isBusy || !NAME.test(name) || !description.trim()}>${said.make}</button>
        <button type="button" class="button" onClick=${cancel}>${said.cancel}</button>
      </div>
    </form>`,
  });
}
