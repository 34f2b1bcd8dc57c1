/**
 * The conversations of the sidebar, live: what the host stirs is read again, whoever stirred it.
 *
 * Knows folders, projects, who runs and who waits; knows nothing of how they are shown.
 */
import { batch, computed, signal } from '../vendor/signals.js';
import { ApiError, get, problemOf } from './api.js';
import { caughtUp, follow, opened } from './live.js';
import { refreshStart, start } from './start.js';

/** @typedef {import('../types/api').ConversationView} View */
/** @typedef {import('../types/api').FolderView} Folder */
/** @typedef {import('../types/api').ProjectView} Project */

const PAGE = 60;
/** Stirred conversations are read again together, so that a run that writes much costs one read each time. */
const GATHER = 150;
/** What may have been stirred between two streams, or between reading and following. */
const NEWEST = 20;

/** Every conversation that was read, by id. @type {import('../vendor/signals.js').Signal<Map<string, View>>} */
const known = signal(new Map());
/** Deleted ones: neither asked for again nor brought back by a late answer. @type {Set<string>} */
const gone = new Set();
/** What is being deleted, as long as it can be undone. @type {import('../vendor/signals.js').Signal<Set<string>>} */
const hidden = signal(new Set());
/** @type {import('../vendor/signals.js').Signal<Folder[]>} */
const folders = signal([]);
/** @type {import('../vendor/signals.js').Signal<Project[]>} */
const projects = signal([]);
/** Conversations in which somebody is asked something. @type {import('../vendor/signals.js').Signal<Set<string>>} */
const waiting = signal(new Set());
const isLoading = signal(false);
/** @type {import('../vendor/signals.js').Signal<import('./api.js').Problem | null>} */
const problem = signal(null);
/** What is wrong with the host, as it said itself. @type {import('../vendor/signals.js').Signal<import('./api.js').Problem | null>} */
const trouble = signal(null);
/** Where the next page begins; none on the last. @type {import('../vendor/signals.js').Signal<string | undefined>} */
const cursor = signal(undefined);
/** The oldest of the pages read: older ones are known by chance and not shown by day. */
const oldest = signal(Number.POSITIVE_INFINITY);

/** All that is shown, newest first. */
const entries = computed(() =>
  [...known.value.values()]
    .filter(({ id, kind }) => kind !== 'agent' && !hidden.value.has(id))
    .sort((a, b) => b.updated_at - a.updated_at),
);
const pinned = computed(() => entries.value.filter((one) => one.is_pinned));
/** By day: neither pinned nor in a folder, and no older than what was read in order. */
const recent = computed(() => entries.value.filter((one) => !one.is_pinned && !one.folder && one.updated_at >= oldest.value));

/** @param {View[]} views */
function add(views) {
  const next = new Map(known.value);
  for (const view of views) if (!gone.has(view.id)) next.set(view.id, view);
  known.value = next;
}

/** @param {string} id */
function remove(id) {
  if (!known.value.has(id)) return;
  const next = new Map(known.value);
  next.delete(id);
  known.value = next;
}

/** Reads the first pages, folders and projects anew. */
async function reload() {
  isLoading.value = true;
  try {
    const [page, held] = await Promise.all([
      get('/api/conversations', { limit: PAGE }),
      get('/api/conversations', { limit: PAGE, pinned: true }),
      reloadPlaces(),
      reloadWaiting(),
    ]);
    batch(() => {
      cursor.value = page.before;
      oldest.value = page.before ? (page.entries.at(-1)?.updated_at ?? 0) : 0;
      // What should be among these and is not is gone; what is older was read for a folder or by scrolling.
      const older = [...known.value.values()].filter((one) => one.updated_at < oldest.value);
      known.value = new Map();
      add([...older, ...held.entries, ...page.entries]);
      problem.value = null;
    });
  } catch (error) {
    problem.value = problemOf(error);
  } finally {
    isLoading.value = false;
  }
}

/** Reads what was changed last. */
async function refreshNewest() {
  try {
    add((await get('/api/conversations', { limit: NEWEST })).entries);
  } catch {
    // The next loss, or the next event, brings it.
  }
}

/** Reads the next page. */
async function loadMore() {
  if (!cursor.value || isLoading.value) return;
  isLoading.value = true;
  try {
    const page = await get('/api/conversations', { limit: PAGE, before: cursor.value });
    batch(() => {
      add(page.entries);
      cursor.value = page.before;
      oldest.value = page.before ? (page.entries.at(-1)?.updated_at ?? 0) : 0;
    });
  } catch (error) {
    problem.value = problemOf(error);
  } finally {
    isLoading.value = false;
  }
}

/** Reads what is in a folder or belongs to a project. @param {{folder?: string, project?: string}} place */
async function loadPlace(place) {
  try {
    add((await get('/api/conversations', { limit: 200, ...place })).entries);
  } catch (error) {
    problem.value = problemOf(error);
  }
}

async function reloadPlaces() {
  const [trees, undertakings] = await Promise.all([get('/api/folders'), get('/api/projects')]);
  batch(() => {
    folders.value = trees;
    projects.value = undertakings;
  });
}

async function reloadWaiting() {
  const open = await get('/api/approvals');
  waiting.value = new Set(open.map((/** @type {any} */ one) => one.conversation));
}

/** Reads one conversation again. @param {string} id @returns {Promise<View | undefined>} */
async function refresh(id) {
  try {
    const view = await get(`/api/conversations/${id}`);
    add([view]);
    return view;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) remove(id);
    return undefined;
  }
}

/** @type {Set<string>} */
const stirred = new Set();
let isGathering = false;
let arePlacesStale = false;

function gather() {
  if (isGathering) return;
  isGathering = true;
  setTimeout(async () => {
    const ids = [...stirred].filter((id) => !gone.has(id));
    const places = arePlacesStale || ids.some((id) => !known.value.has(id));
    stirred.clear();
    arePlacesStale = false;
    await Promise.allSettled([...ids.map(refresh), ids.length > 0 ? reloadWaiting() : null, places ? reloadPlaces() : null]);
    isGathering = false;
    if (stirred.size > 0 || arePlacesStale) gather();
  }, GATHER);
}

/** @param {any} envelope */
function onEvent({ event: { noun, event } }) {
  if (noun === 'conversation' && event.verb === 'deleted') {
    gone.add(event.conversation);
    remove(event.conversation);
    arePlacesStale = true;
  } else if (noun === 'conversation' && event.verb === 'opened') {
    stirred.add(event.conversation.id);
  } else if (noun === 'folder' || noun === 'project') {
    arePlacesStale = true;
    if (event.verb === 'deleted') for (const one of entries.value) if (one.folder === event.folder || one.project === event.project) stirred.add(one.id);
  } else if (noun === 'tag' || noun === 'database') {
    void reload();
  } else if (noun === 'setting') {
    void refreshStart().catch(() => {});
  } else if (noun === 'host' && event.verb === 'trouble') {
    trouble.value = troubleOf(event.problem);
  }
  if (stirred.size > 0 || arePlacesStale) gather();
}

/** A problem of the host, as the API would say it. @param {any} said */
function troubleOf(said) {
  return { ...said, message: said.error, causes: said.causes ?? [], retryable: Boolean(said.retryable) };
}

/** @param {any[]} list */
function onSignals(list) {
  for (const one of list) {
    if (one.signal === 'event') onEvent(one.envelope);
    else if (one.signal === 'stirred') stirred.add(one.conversation);
    else if (one.signal === 'lagged') void reload();
    else if (one.signal === 'trouble') trouble.value = troubleOf(one.problem);
  }
  if (stirred.size > 0) gather();
}

/** Begins to read and to follow. */
function startList() {
  follow('host', { after: start.value.seq, signals: onSignals });
  // What was stirred while nobody listened is not told again: after a loss all is read, between two streams the newest.
  opened.subscribe((times) => times > 0 && void refreshNewest());
  caughtUp.subscribe(({ times }) => times > 0 && void reload());
  return reload();
}

/**
 * Hides a conversation while its deletion can be undone.
 * @param {string} id
 * @param {boolean} isHidden
 */
function hide(id, isHidden) {
  const next = new Set(hidden.value);
  if (isHidden) next.add(id);
  else next.delete(id);
  hidden.value = next;
}

export {
  add,
  cursor,
  entries,
  folders,
  hide,
  isLoading,
  known,
  loadMore,
  loadPlace,
  pinned,
  problem,
  projects,
  recent,
  refresh,
  reload,
  remove,
  startList,
  trouble,
  waiting,
};
