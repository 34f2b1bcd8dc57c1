/** Rows of the sidebar: conversations, folders with what is in them, projects; moved by mouse, menu or keys. */
import { classes, h, html, useEffect, useRef, useState } from '../lib/dom.js';
import { assignTo, conversationMenu, deleteFolder, deleteWithUndo, folderMenu, moveFolder, moveTo, rename, renameFolder, titleOf } from '../lib/actions.js';
import { Menu, MenuButton } from '../lib/dialog.js';
import { Icon } from '../lib/icons.js';
import { isOn } from '../lib/keys.js';
import { entries, folders, known, loadPlace, waiting } from '../lib/list.js';
import { load, save } from '../lib/prefs.js';
import { link, pathOf, route } from '../lib/router.js';
import { words } from '../strings/shell.js';

/** What is dragged: only our own rows, told apart from text and files by their type. */
const CONVERSATION = 'application/x-aroom-conversation';
const FOLDER = 'application/x-aroom-folder';

/** Whether a run works in it or waits, as a mark with words. @param {{view: import('../lib/list.js').View}} props */
function StateMark({ view }) {
  if (waiting.value.has(view.id)) return html`<span class="mark mark-waiting" title=${words.waiting}>●<span class="hidden-text"> ${words.waiting}</span></span>`;
  if (!view.running) return null;
  return html`<span class="mark" title=${words.working}><span class="spin" aria-hidden="true">⠹</span><span class="hidden-text"> ${words.working}</span></span>`;
}

/** @param {{view: import('../lib/list.js').View}} props */
function ConversationRow({ view }) {
  const [menuAt, setMenuAt] = useState(null);
  const title = titleOf(view);
  const path = pathOf(view);
  const isCurrent = route.value.path === path;
  const key = (event) => {
    if (!isOn(event.key)) return;
    if (event.key === 'F2') void rename(view);
    else if (event.key === 'Delete') {
      // Whoever deletes by key goes on from the row beside it.
      const rows = [...event.currentTarget.closest('[data-testid="list"]').querySelectorAll('[data-row]')];
      const at = rows.indexOf(event.currentTarget);
      (rows[at + 1] ?? rows[at - 1])?.focus();
      deleteWithUndo(view);
    } else return;
    event.preventDefault();
  };
  const drag = (event) => {
    event.dataTransfer.setData(CONVERSATION, view.id);
    event.dataTransfer.setData('text/uri-list', location.origin + path);
    event.dataTransfer.effectAllowed = 'copyMove';
  };
  const context = (event) => {
    event.preventDefault();
    const box = event.currentTarget.getBoundingClientRect();
    setMenuAt(event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : { x: box.left + 16, y: box.bottom });
  };
  return html`<li class="row" data-id=${view.id} onContextMenu=${context}>
    <a class="row-main" ...${link(path)} data-row draggable="true" aria-current=${isCurrent ? 'page' : undefined}
      title=${title} onDragStart=${drag} onKeyDown=${key}>
      <span class="row-title">${title}</span>
      ${view.kind !== 'chat' && html`<span class="row-kind">${h(Icon, { name: view.kind })}<span>${words.kinds[view.kind]}</span></span>`}
      ${h(StateMark, { view })}
    </a>
    ${h(MenuButton, { label: words.sidebar.actions(title), class: 'icon-button row-menu', items: () => conversationMenu(view) })}
    ${menuAt && h(Menu, { label: words.sidebar.actions(title), at: menuAt, items: conversationMenu(view), onClose: () => setMenuAt(null) })}
  </li>`;
}

/** What a row takes when something of ours is dropped on it. @param {(id: string, isFolder: boolean) => unknown} taken */
function useDrop(taken) {
  const [isOver, setOver] = useState(false);
  const isOurs = (event) => [...event.dataTransfer.types].some((type) => type === CONVERSATION || type === FOLDER);
  const over = (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'move';
    setOver(true);
  };
  const drop = (event) => {
    setOver(false);
    if (!isOurs(event)) return;
    event.preventDefault();
    event.stopPropagation();
    const conversation = event.dataTransfer.getData(CONVERSATION);
    if (conversation) taken(conversation, false);
    else taken(event.dataTransfer.getData(FOLDER), true);
  };
  return { isOver, handlers: { onDragOver: over, onDragLeave: () => setOver(false), onDrop: drop } };
}

/** Whether a part is unfolded, remembered. @param {string} name @param {boolean} fallback @returns {[boolean, () => void]} */
function useOpen(name, fallback) {
  const [isOpen, setOpen] = useState(() => load(`open.${name}`, fallback));
  const toggle = () => {
    save(`open.${name}`, !isOpen);
    setOpen(!isOpen);
  };
  return [isOpen, toggle];
}

/** @param {{folder: import('../lib/list.js').Folder}} props */
function FolderRow({ folder }) {
  const [isOpen, toggle] = useOpen(`folder.${folder.id}`, false);
  const taken = (id, isFolder) => (isFolder ? id !== folder.id && moveFolder(id, folder.id) : moveTo(known.value.get(id), folder.id, folder.name));
  const { isOver, handlers } = useDrop(taken);
  useEffect(() => void (isOpen && loadPlace({ folder: folder.id })), [isOpen, folder.id, folder.conversations]);
  const below = folders.value.filter(({ parent }) => parent === folder.id);
  const inside = isOpen ? entries.value.filter((one) => one.folder === folder.id) : [];
  const key = (event) => {
    if (event.key === 'F2' && isOn('F2')) void renameFolder(folder);
    else if (event.key === 'Delete' && isOn('Delete')) void deleteFolder(folder);
    else if ((event.key === 'ArrowRight') !== isOpen && (event.key === 'ArrowRight' || event.key === 'ArrowLeft')) toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<li>
    <div class=${classes('row', isOver && 'is-over')} ...${handlers}>
      <button class="row-main" data-row draggable="true" aria-expanded=${String(isOpen)} onClick=${toggle} onKeyDown=${key}
        aria-label=${words.folder.open(folder.name, folder.conversations)}
        onDragStart=${(event) => event.dataTransfer.setData(FOLDER, folder.id)}>
        ${h(Icon, { name: isOpen ? 'down' : 'right' })}${h(Icon, { name: 'folder' })}
        <span class="row-title">${folder.name}</span>
        ${folder.conversations > 0 && html`<span class="row-count">${folder.conversations}</span>`}
      </button>
      ${h(MenuButton, { label: words.folder.actions(folder.name), class: 'icon-button row-menu', items: () => folderMenu(folder) })}
    </div>
    ${isOpen &&
    html`<ul class="row-inside">
      ${below.map((one) => h(FolderRow, { key: one.id, folder: one }))}
      ${inside.map((view) => h(ConversationRow, { key: view.id, view }))}
      ${below.length + inside.length === 0 && html`<li class="row-empty">${words.sidebar.emptyFolder}</li>`}
    </ul>`}
  </li>`;
}

/** @param {{project: import('../lib/list.js').Project}} props */
function ProjectRow({ project }) {
  const [isOpen, toggle] = useOpen(`project.${project.id}`, false);
  const { isOver, handlers } = useDrop((id, isFolder) => !isFolder && assignTo(known.value.get(id), project.id));
  useEffect(() => void (isOpen && loadPlace({ project: project.id })), [isOpen, project.id, project.conversations]);
  const inside = isOpen ? entries.value.filter((one) => one.project === project.id) : [];
  const key = (event) => {
    if (event.key !== (isOpen ? 'ArrowLeft' : 'ArrowRight')) return;
    toggle();
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<li>
    <div class=${classes('row', isOver && 'is-over')} ...${handlers}>
      <button class="row-main" data-row aria-expanded=${String(isOpen)} onClick=${toggle} onKeyDown=${key}
        aria-label=${words.folder.open(project.name, project.conversations)}>
        ${h(Icon, { name: isOpen ? 'down' : 'right' })}${h(Icon, { name: 'project' })}
        <span class="row-title">${project.name}</span>
        ${project.conversations > 0 && html`<span class="row-count">${project.conversations}</span>`}
      </button>
    </div>
    ${isOpen &&
    html`<ul class="row-inside">
      ${inside.map((view) => h(ConversationRow, { key: view.id, view }))}
      ${inside.length === 0 && html`<li class="row-empty">${words.sidebar.emptyProject}</li>`}
    </ul>`}
  </li>`;
}

/**
 * A part of the list under a heading that folds it.
 * @param {{name: string, label: string, children: unknown, onTake?: (id: string, isFolder: boolean) => unknown}} props
 */
function Part({ name, label, children, onTake }) {
  const [isOpen, toggle] = useOpen(`part.${name}`, true);
  const { isOver, handlers } = useDrop((id, isFolder) => onTake?.(id, isFolder));
  return html`<div class="part" role="group" aria-label=${label}>
    <div class=${classes('row part-head', isOver && onTake && 'is-over')} ...${onTake ? handlers : {}}>
      <h2><button class="row-main" data-row aria-expanded=${String(isOpen)} onClick=${toggle}>
        ${h(Icon, { name: isOpen ? 'down' : 'right' })}<span class="row-title">${label}</span>
      </button></h2>
    </div>
    ${isOpen && html`<ul>${children}</ul>`}
  </div>`;
}

/** One stop for Tab, arrows between rows. @returns {{ref: any, onKeyDown: (event: KeyboardEvent) => void, onFocusIn: (event: FocusEvent) => void}} */
function useRows() {
  const ref = useRef(null);
  const rows = () => [...ref.current.querySelectorAll('[data-row]')];
  const enter = (row) => {
    for (const one of rows()) one.tabIndex = one === row ? 0 : -1;
    for (const button of ref.current.querySelectorAll('.row-menu')) button.tabIndex = button.parentElement.contains(row) ? 0 : -1;
  };
  useEffect(() => {
    const list = rows();
    enter(list.find((row) => row === document.activeElement) ?? list.find((row) => row.tabIndex === 0 && row.dataset.held) ?? list.find((row) => row.ariaCurrent === 'page') ?? list[0]);
  });
  const onKeyDown = (event) => {
    const list = rows();
    const at = list.indexOf(document.activeElement);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
    if (to === undefined || !list[to]) return;
    event.preventDefault();
    list[to].focus();
  };
  const onFocusIn = (event) => {
    const row = event.target.closest('[data-row]');
    if (!row) return;
    for (const one of rows()) delete one.dataset.held;
    row.dataset.held = 'true';
    enter(row);
  };
  return { ref, onKeyDown, onFocusIn };
}

export { ConversationRow, FolderRow, Part, ProjectRow, StateMark, useRows };
