/** The sidebar: find, begin, the conversations by place and day, the other pages, the state of the connection. */
import { classes, h, html } from '../lib/dom.js';
import { moveFolder, moveTo, newFolder, newText } from '../lib/actions.js';
import { MenuButton } from '../lib/dialog.js';
import { dayGroup } from '../lib/format.js';
import { Icon } from '../lib/icons.js';
import { ariaKeys, keyText } from '../lib/keys.js';
import { cursor, folders, isLoading, known, loadMore, pinned, problem, projects, recent, reload } from '../lib/list.js';
import { connection } from '../lib/live.js';
import { setTheme, theme } from '../lib/prefs.js';
import { go, link, route } from '../lib/router.js';
import { start } from '../lib/start.js';
import { words } from '../strings/shell.js';
import { ConversationRow, FolderRow, Part, ProjectRow, useRows } from './sidebar-rows.js';

const say = words.sidebar;
/** The pages below the list. What has no page yet is not in it. */
const PAGES = ['tools', 'skills', 'usage', 'audit', 'settings'];

/** @param {{openPalette: () => void, openHelp: () => void, children?: unknown}} props */
function Sidebar({ openPalette, openHelp, children }) {
  return html`<nav class="sidebar" aria-label=${say.label} data-region>
    <div class="sidebar-head">
      <button class="sidebar-search" onClick=${openPalette} aria-keyshortcuts=${ariaKeys('Mod+K')}>
        ${h(Icon, { name: 'search' })}<span class="row-title">${say.search}</span><kbd>${keyText('Mod+K')}</kbd>
      </button>
      <div class="sidebar-new">
        <a class="button" ...${link('/')} aria-keyshortcuts=${ariaKeys('Mod+Shift+O')}>${h(Icon, { name: 'plus' })}${say.create}</a>
        ${h(MenuButton, { label: say.createMore, items: createMenu, class: 'button', children: h(Icon, { name: 'down' }) })}
      </div>
    </div>
    ${h(List, null)}
    <ul class="sidebar-pages" aria-label=${say.sections}>
      ${PAGES.map((name) => h(PageLink, { key: name, name }))}
    </ul>
    <div class="sidebar-foot">
      ${h(Connection, null)}
      ${h(MenuButton, { label: say.theme, items: themeMenu, children: h(Icon, { name: themeIcon() }) })}
      <button class="icon-button" aria-label=${say.help} onClick=${openHelp}>${h(Icon, { name: 'help' })}</button>
    </div>
    ${children}
  </nav>`;
}

function createMenu() {
  return [
    { label: say.chat, icon: 'chat', keys: keyText('Mod+Shift+O'), run: () => go('/') },
    { label: say.note, icon: 'note', run: () => newText('note') },
    { label: say.document, icon: 'document', run: () => newText('document') },
    { label: say.folder, icon: 'folder', run: () => newFolder() },
  ];
}

function themeIcon() {
  return { light: 'sun', dark: 'moon' }[theme.value] ?? 'system';
}

function themeMenu() {
  return /** @type {const} */ (['light', 'dark', 'system']).map((name) => ({ label: say[name], isChecked: theme.value === name, run: () => setTheme(name) }));
}

/** @param {{name: string}} props */
function PageLink({ name }) {
  return html`<li><a class="page-link" ...${link(`/${name}`)} aria-current=${route.value.name === name ? 'page' : undefined}>
    ${h(Icon, { name })}${words.pages[name]}
  </a></li>`;
}

function Connection() {
  const state = connection.value;
  return html`<p class="connection" data-state=${state}>
    <span class="connection-dot" aria-hidden="true"></span>${words.connection[state]}
    ${start.value.version && html` <span class="muted">${`\u00a0· ${say.version(start.value.version)}`}</span>`}
  </p>`;
}

function List() {
  const rows = useRows();
  const top = folders.value.filter(({ parent }) => !parent);
  const out = (id, isFolder) => (isFolder ? moveFolder(id, null) : moveTo(known.value.get(id), null));
  const isEmpty = known.value.size === 0 && !isLoading.value && !problem.value;
  return html`<div class=${classes('sidebar-list', isLoading.value && 'is-loading')} ...${rows} data-testid="list">
    ${problem.value && html`<div class="problem" role="alert"><p>${problem.value.message}</p><button class="button" onClick=${reload}>${words.retry}</button></div>`}
    ${pinned.value.length > 0 && h(Part, { name: 'pinned', label: say.pinned }, rowsOf(pinned.value))}
    ${projects.value.length > 0 && h(Part, { name: 'projects', label: say.projects }, projects.value.map((project) => h(ProjectRow, { key: project.id, project })))}
    ${top.length > 0 && h(Part, { name: 'folders', label: say.folders, onTake: out }, top.map((folder) => h(FolderRow, { key: folder.id, folder })))}
    ${byDay(recent.value).map(([day, views]) => h(Part, { key: day, name: `day.${day}`, label: day }, rowsOf(views)))}
    ${isEmpty && html`<p class="row-empty">${say.empty} · <a ...${link('/')}>${say.chat}</a> (${keyText('Mod+Shift+O')})</p>`}
    ${cursor.value && html`<button class="button button-quiet sidebar-more" data-row onClick=${loadMore}>${say.more}</button>`}
  </div>`;
}

/** @param {import('../lib/list.js').View[]} views */
function rowsOf(views) {
  return views.map((view) => h(ConversationRow, { key: view.id, view }));
}

/** @param {import('../lib/list.js').View[]} views newest first */
function byDay(views) {
  /** @type {Map<string, import('../lib/list.js').View[]>} */
  const days = new Map();
  for (const view of views) {
    const day = dayGroup(view.updated_at);
    days.set(day, [...(days.get(day) ?? []), view]);
  }
  return [...days];
}

export { Sidebar };
