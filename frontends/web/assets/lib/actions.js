/** What can be done with a conversation from any list: one place for the sidebar, the title bar and the palette. */
import { del, get, op, problemOf } from './api.js';
import { copyText, saveAnswer } from './copy.js';
import { askText, confirm } from './dialog.js';
import { add, hide, refresh, remove } from './list.js';
import { go, pathOf, route } from './router.js';
import { start } from './start.js';
import { toast } from './toast.js';
import { words } from '../strings/shell.js';

/** @typedef {import('./list.js').View} View */

const say = words.act;
/** Deletions that can still be undone, and what ends each. @type {Map<string, (isLeaving?: boolean) => void>} */
const deletions = new Map();

/** @param {View} view */
function titleOf(view) {
  return view.title || words.untitled[view.kind] || words.untitled.chat;
}

/** Runs a wish and says why it did not do. @param {() => Promise<unknown>} wish */
async function attempt(wish) {
  try {
    await wish();
    return true;
  } catch (error) {
    toast(say.failed(problemOf(error).message), { kind: 'error' });
    return false;
  }
}

/**
 * A wish about a conversation, shown at once and read again after.
 * @param {View} view
 * @param {object} wish
 * @param {Partial<View>} change
 */
async function change(view, wish, change) {
  add([{ ...view, ...change }]);
  await attempt(() => op('conversation', { ...wish, conversation: view.id }));
  await refresh(view.id);
}

/** @param {View} view */
async function rename(view) {
  const title = await askText({ title: say.renameTitle, label: say.title, value: view.title });
  if (title) await renameTo(view, title);
}

/** Gives it a title; one that is empty or the same changes nothing. @param {View} view @param {string} written */
async function renameTo(view, written) {
  const title = written.trim();
  if (title && title !== view.title) await change(view, { verb: 'rename', title }, { title });
}

/** @param {View} view */
function togglePin(view) {
  return change(view, { verb: 'pin', is_pinned: !view.is_pinned }, { is_pinned: !view.is_pinned });
}

/** @param {View} view @param {string | null} folder @param {string} [name] of the folder */
async function moveTo(view, folder, name) {
  if (!view || (view.folder ?? null) === folder) return;
  const before = view.folder ?? null;
  await change(view, { verb: 'move', folder }, { folder: folder ?? undefined });
  const text = folder ? say.moved(titleOf(view), name ?? '') : say.movedOut(titleOf(view));
  toast(text, { undo: () => change(view, { verb: 'move', folder: before }, { folder: before ?? undefined }) });
}

/** @param {View} view @param {string | null} project */
function assignTo(view, project) {
  if (!view || (view.project ?? null) === project) return Promise.resolve();
  return change(view, { verb: 'assign', project }, { project: project ?? undefined });
}

/** @param {View} view @param {string[]} tags */
function setTags(view, tags) {
  const before = view.tags ?? [];
  const given = tags.filter((tag) => !before.includes(tag));
  const taken = before.filter((tag) => !tags.includes(tag));
  if (given.length + taken.length === 0) return Promise.resolve();
  return change(view, { verb: 'tag', add: given, remove: taken }, { tags });
}

/** @param {View} view */
async function fork(view) {
  await attempt(async () => {
    if (view.kind !== 'chat') {
      const { body } = await get(`/api/conversations/${view.id}/text`);
      const { kind, title, workspace, project } = view;
      return go(pathOf({ kind, id: await op('text', { verb: 'open', kind, title, body, workspace, project }) }));
    }
    const { entries } = await get(`/api/conversations/${view.id}/items`, { limit: 1 });
    if (entries.length === 0) return toast(say.nothingToFork);
    return go(pathOf({ id: await op('conversation', { verb: 'fork', conversation: view.id, until: entries.at(-1).id }) }));
  });
}

/** @param {View} view @param {'markdown'|'json'} format */
function exportAs(view, format) {
  const stem = titleOf(view).replace(/[^\p{L}\p{N} ._-]+/gu, ' ').trim().slice(0, 80) || 'conversation';
  const name = `${stem}.${format === 'json' ? 'json' : 'md'}`;
  return attempt(() => saveAnswer(`/api/conversations/${view.id}/export`, { format }, name));
}

/** @param {View} view */
async function copyLink(view) {
  const did = await copyText(location.origin + pathOf(view));
  toast(did ? say.copied : say.notCopied, { kind: did ? 'ok' : 'error' });
}

/** Takes it off the page now and off the host when nobody wanted it back. @param {View} view */
function deleteWithUndo(view) {
  const path = pathOf(view);
  const wasShown = route.value.path === path;
  hide(view.id, true);
  if (wasShown) void go('/');
  const finish = (isLeaving = false) => {
    if (!deletions.delete(view.id)) return;
    void del(`/api/conversations/${view.id}`, { keepalive: isLeaving }).then(
      () => {
        remove(view.id);
        hide(view.id, false);
      },
      (error) => {
        hide(view.id, false);
        toast(say.failed(problemOf(error).message), { kind: 'error' });
      },
    );
  };
  deletions.set(view.id, finish);
  toast(say.removed(titleOf(view)), {
    undo: () => {
      deletions.delete(view.id);
      hide(view.id, false);
      if (wasShown) void go(path);
    },
    onEnd: () => finish(),
  });
}

addEventListener('pagehide', () => {
  for (const finish of [...deletions.values()]) finish(true);
});

/** @param {'note'|'document'} kind @param {{folder?: string, project?: string}} [place] */
function newText(kind, place = {}) {
  return attempt(async () => {
    const wish = { verb: 'open', kind, title: '', body: '', workspace: start.value.workspace, project: place.project };
    const id = await op('text', wish);
    if (place.folder) await op('conversation', { verb: 'move', conversation: id, folder: place.folder });
    await go(pathOf({ id, kind }));
  });
}

/** @param {string} [parent] the folder it is to be in */
async function newFolder(parent) {
  const name = await askText({ title: words.folder.newTitle, label: words.folder.name, action: words.folder.create, maxLength: 80 });
  let id;
  if (name) await attempt(async () => (id = await op('folder', { verb: 'create', name, parent: parent ?? null })));
  return id ? { id, name } : undefined;
}

/** Dialogs of filing are loaded when one is opened. @param {'pickFolder'|'pickProject'|'editTags'|'moveFolder'} name @param {any} what */
async function filing(name, what) {
  const dialogs = await import('../views/sidebar-filing.js');
  await dialogs[name](what);
}

/**
 * The menu of a conversation.
 * @param {View} view
 * @returns {import('./dialog.js').MenuItem[]}
 */
function conversationMenu(view) {
  return [
    { label: say.rename, icon: 'edit', keys: 'F2', run: () => rename(view) },
    { label: view.is_pinned ? say.unpin : say.pin, icon: 'pin', run: () => togglePin(view) },
    { label: say.tags, icon: 'tag', run: () => filing('editTags', view) },
    { label: say.move, icon: 'folder', run: () => filing('pickFolder', view) },
    { label: say.project, icon: 'project', run: () => filing('pickProject', view) },
    'line',
    { label: say.fork, icon: 'fork', run: () => fork(view) },
    { label: say.markdown, icon: 'download', run: () => exportAs(view, 'markdown') },
    { label: say.json, icon: 'download', run: () => exportAs(view, 'json') },
    { label: say.copyLink, icon: 'link', run: () => copyLink(view) },
    { label: say.newTab, icon: 'external', run: () => open(pathOf(view), '_blank', 'noopener') },
    'line',
    { label: say.remove, icon: 'trash', keys: 'Del', isDanger: true, run: () => deleteWithUndo(view) },
  ];
}

/** @param {import('./list.js').Folder} folder */
async function renameFolder(folder) {
  const name = await askText({ title: words.folder.renameTitle, label: words.folder.name, value: folder.name, maxLength: 80 });
  if (name && name !== folder.name) await attempt(() => op('folder', { verb: 'rename', folder: folder.id, name }));
}

/** @param {import('./list.js').Folder} folder */
async function deleteFolder(folder) {
  const question = { title: words.folder.removeTitle(folder.name), text: words.folder.removeText, action: words.act.remove, isDanger: true };
  if (await confirm(question)) await attempt(() => op('folder', { verb: 'delete', folder: folder.id }));
}

/** @param {string} folder @param {string | null} parent */
function moveFolder(folder, parent) {
  return attempt(() => op('folder', { verb: 'move', folder, parent }));
}

/** The menu of a folder. @param {import('./list.js').Folder} folder @returns {import('./dialog.js').MenuItem[]} */
function folderMenu(folder) {
  return [
    { label: words.sidebar.note, icon: 'note', run: () => newText('note', { folder: folder.id }) },
    { label: words.sidebar.document, icon: 'document', run: () => newText('document', { folder: folder.id }) },
    { label: words.folder.newInside, icon: 'folder', run: () => newFolder(folder.id) },
    'line',
    { label: words.folder.rename, icon: 'edit', keys: 'F2', run: () => renameFolder(folder) },
    { label: words.folder.move, icon: 'right', run: () => filing('moveFolder', folder) },
    { label: words.folder.remove, icon: 'trash', isDanger: true, run: () => deleteFolder(folder) },
  ];
}

export {
  assignTo,
  attempt,
  conversationMenu,
  deleteFolder,
  deleteWithUndo,
  folderMenu,
  moveFolder,
  moveTo,
  newFolder,
  newText,
  rename,
  renameFolder,
  renameTo,
  setTags,
  titleOf,
};
