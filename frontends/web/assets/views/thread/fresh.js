/** A conversation that has not begun: where its tools will work, for which project. Nothing exists before its first message. */
import { h, html, useEffect, useState } from '../../lib/dom.js';
import { get, op, problemOf } from '../../lib/api.js';
import { projects } from '../../lib/list.js';
import { link } from '../../lib/router.js';
import { start } from '../../lib/start.js';
import { words } from '../../strings/thread.js';
import { recentWorkspaces } from './fresh-choice.js';
import { Starters } from './starters.js';

const say = words.fresh;
/** A pause in typing before a folder is looked at, milliseconds. */
const PAUSE = 300;

/** @param {{choice: import('./fresh-choice.js').FreshChoice}} props */
export function Fresh({ choice }) {
  const suggest = (/** @type {string} */ text) => {
    const field = /** @type {HTMLTextAreaElement|null} */ (document.querySelector('[data-testid="composer"] textarea'));
    if (!field) return;
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.focus();
  };
  return html`<div class="thread-column thread-fresh">
    <h1 class="hidden-text">${say.title}</h1>
    ${!start.value.is_configured && html`<div class="thread-note"><p>${say.notConfigured}</p><a class="button button-primary" ...${link('/settings/connection')}>${say.connect}</a></div>`}
    ${h(Starters, { onChoose: suggest })}
    <div class="thread-fresh-choices">
      ${h(ProjectChoice, { choice })} ${h(WorkspaceChoice, { choice })}
      ${choice.tags.value.map((tag) => html`<span class="chip" key=${tag}>#${tag}<button class="thread-chip-x" aria-label=${words.header.removeTag(tag)} onClick=${() => (choice.tags.value = choice.tags.value.filter((one) => one !== tag))}>✕</button></span>`)}
    </div>
  </div>`;
}

/** @param {{choice: import('./fresh-choice.js').FreshChoice}} props */
function ProjectChoice({ choice }) {
  const all = projects.value;
  if (!all.length) return null;
  const choose = (/** @type {any} */ event) => {
    choice.project.value = event.currentTarget.value;
    const project = all.find(({ id }) => id === choice.project.value);
    choice.workspace.value = project?.workspace && project.is_trusted ? project.workspace : start.value.workspace;
  };
  const chosen = all.find(({ id }) => id === choice.project.value);
  return html`<label class="field"><span class="field-label">${say.project}</span>
    <select class="input" value=${choice.project.value} onChange=${choose}>
      <option value="">${say.noProject}</option>
      ${all.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === choice.project.value}>${one.name}</option>`)}
    </select>
    ${chosen && !chosen.is_trusted && html`<span class="field-hint">${say.untrustedProject}</span>`}</label>`;
}

/** @param {{choice: import('./fresh-choice.js').FreshChoice}} props */
function WorkspaceChoice({ choice }) {
  const [view, setView] = useState(/** @type {any} */ (null));
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const path = choice.workspace.value;
  const look = async (/** @type {string} */ wanted, /** @type {() => boolean} */ isOver) => {
    try {
      const found = await get('/api/workspace', { path: wanted });
      if (!isOver()) setView(found);
      if (!isOver()) setProblem(null);
    } catch (error) {
      if (!isOver()) setProblem(problemOf(error));
    }
  };
  useEffect(() => {
    let isOver = false;
    setView(null);
    if (!path) return undefined;
    const timer = setTimeout(() => void look(path, () => isOver), PAUSE);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [path]);
  const trust = async () => {
    try {
      await op('workspace', { verb: 'trust', path: view.path, hash: view.hash });
      await look(path, () => false);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const recent = [...new Set([start.value.workspace, ...recentWorkspaces()])].filter(Boolean);
  return html`<div class="field"><label><span class="field-label">${say.workspace}</span>
      <input class="input" list="thread-workspaces" value=${path} spellcheck=${false} autocomplete="off" aria-describedby="thread-workspace-says"
        onInput=${(/** @type {any} */ event) => (choice.workspace.value = event.currentTarget.value)} /></label>
    <datalist id="thread-workspaces">${recent.map((one) => html`<option key=${one} value=${one}></option>`)}</datalist>
    <div id="thread-workspace-says" class="field-hint">
      ${problem ? html`<span class="field-error">${[problem.message, problem.hint].filter(Boolean).join('. ')}</span>` : view ? says(view) : say.workspaceHint}
    </div>
    ${view && view.holds.length > 0 && view.trust !== 'trusted' && h(TrustNote, { view, trust })}</div>`;
}

/** @param {any} view */
function says(view) {
  const parts = [view.kinds.length > 0 && say.kinds(view.kinds), view.instructions.length > 0 && say.instructions(view.instructions), view.trust === 'trusted' && view.holds.length > 0 && say.trusted];
  return parts.filter(Boolean).join(' · ') || say.workspaceHint;
}

/** @param {{view: any, trust: () => void}} props */
function TrustNote({ view, trust }) {
  const lead = view.trust === 'changed' ? say.changedTrust(view.holds.length) : say.unknownTrust(view.holds.length);
  return html`<div class="thread-note"><p>${lead}</p><ul>${view.holds.map((/** @type {string} */ one) => html`<li key=${one}>${one}</li>`)}</ul>
    <button class="button" onClick=${trust}>${say.trust}</button></div>`;
}
