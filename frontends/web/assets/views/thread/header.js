/** What the conversation is about, above its thread: workspace, project, folder, taint; and ways to its parts. */
import { h, html } from '../../lib/dom.js';
import { Icon } from '../../lib/icons.js';
import { baseName } from '../../lib/format.js';
import { folders, projects } from '../../lib/list.js';
import { words } from '../../strings/thread.js';
import { isCanvasShown, toggleCanvas } from './canvas-shown.js';
import { showPrompt } from './later.js';
import { ParentLink } from './parent-link.js';

const say = words.header;

/** @param {{session: any}} props */
export function HeaderChips({ session }) {
  const view = session.conversation.view.value;
  if (!view) return null;
  const project = projects.value.find(({ id }) => id === view.project);
  const folder = folders.value.find(({ id }) => id === view.folder);
  return html`<div class="thread-chips">
    ${view.kind === 'agent' && html`<span class="chip">${words.thread.child}</span>`}
    ${view.parent && h(ParentLink, { call: view.parent })}
    ${view.workspace && html`<span class="chip" title=${view.workspace}><span class="hidden-text">${say.workspace}: </span>⌂ <bdi>${baseName(view.workspace)}</bdi></span>`}
    ${project && html`<span class="chip"><span class="hidden-text">${say.project}: </span>${h(Icon, { name: 'project' })}${project.name ?? project.spec?.name}</span>`}
    ${folder && html`<span class="chip"><span class="hidden-text">${say.folder}: </span>${h(Icon, { name: 'folder' })}${folder.name}</span>`}
    ${view.trust === 'untrusted' && html`<span class="chip thread-taint" title=${view.taint ? say.taintedWhy(view.taint) : say.taintedPlain}>${h(Icon, { name: 'warn' })}${say.tainted}</span>`}
  </div>`;
}

/** @param {{session: any}} props */
export function HeaderActions({ session }) {
  const { conversation } = session;
  const hasCanvas = conversation.canvases.value.length > 0;
  const isShown = isCanvasShown(conversation);
  return html`<button class="icon-button" aria-label=${say.find} title=${say.find} aria-keyshortcuts="/" onClick=${() => (session.isFinding.value = !session.isFinding.value)}>${h(Icon, { name: 'search' })}</button>
    <button class="icon-button" aria-label=${say.prompt} title=${say.prompt} onClick=${() => showPrompt(() => conversation.read('prompt'))}>${h(Icon, { name: 'eye' })}</button>
    ${hasCanvas &&
    html`<button class="icon-button" aria-label=${isShown ? say.hideCanvas : say.showCanvas} aria-pressed=${String(isShown)} title=${say.canvas} onClick=${() => toggleCanvas(conversation)}>${h(Icon, { name: 'canvas' })}</button>`}`;
}
