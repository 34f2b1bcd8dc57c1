/** What the palette finds: filters out of what is typed, local results at once, the server's beside them. No views. */
import { get } from '../lib/api.js';
import { entries, folders, projects } from '../lib/list.js';
import { baseName } from '../lib/format.js';

/** @typedef {{key: string, value: string}} Filter */
/** @typedef {import('../lib/list.js').View} View */
/** @typedef {{id: string, group: string, label: string, detail?: string, note?: string, icon?: string, keys?: string,
 *   view?: View, path?: string, snippet?: string, item?: string, run?: () => unknown, filter?: Filter, text?: string}} Result */

const KEYS = ['in', 'type', 'tag', 'from', 'before', 'after', 'has'];
const HAS = ['tool', 'canvas', 'file'];
const TYPES = { chat: 'chat', note: 'note', doc: 'document', document: 'document' };
/** Results of one group, so that the next group stays in sight. */
const EACH = 8;
/** Conversations whose content is looked into for `has:`; each costs a request. */
const LOOKED_INTO = 20;
const DAY = 86_400_000;

/**
 * Takes finished filters out of a text: those with a value and something after them.
 * @param {string} text
 * @returns {{filters: Filter[], rest: string}}
 */
function takeFilters(text) {
  /** @type {Filter[]} */
  const filters = [];
  const rest = text.replace(/(^|\s)(\w+):(?:"([^"]+)"|([^\s"]+))\s/g, (all, before, key, quoted, bare) => {
    if (!isFilter(key, quoted ?? bare)) return all;
    filters.push({ key, value: quoted ?? bare });
    return before;
  });
  return { filters, rest };
}

/** What is searched for: the text without a filter that is still being typed. @param {string} text */
function plain(text) {
  return text.replace(/(^|\s)(\w+):\S*$/, (all, before, key) => (KEYS.includes(key) ? before : all));
}

/** @param {string} key @param {string} value */
function isFilter(key, value) {
  if (!KEYS.includes(key)) return false;
  if (key === 'type') return value in TYPES;
  if (key === 'has') return HAS.includes(value);
  if (key === 'before' || key === 'after') return dayOf(value) !== null;
  return true;
}

/** The beginning of a day, written as a date or as days ago. @param {string} value @returns {number | null} */
function dayOf(value) {
  const ago = /^(\d{1,4})d$/.exec(value);
  if (ago) return new Date().setHours(0, 0, 0, 0) - Number(ago[1]) * DAY;
  if (value === 'today') return new Date().setHours(0, 0, 0, 0);
  if (!/^\d{4}-\d{2}(-\d{2})?$/.test(value)) return null;
  const at = new Date(`${value.length === 7 ? `${value}-01` : value}T00:00`).getTime();
  return Number.isNaN(at) ? null : at;
}

/** Letters to compare by: no case, no accents. @param {string} text */
function folded(text) {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** How well words fit a text: 0 is not at all. @param {string} text @param {string[]} words folded */
function fit(text, words) {
  const inside = folded(text);
  let score = 1;
  for (const word of words) {
    const at = inside.indexOf(word);
    if (at < 0) return 0;
    score += at === 0 ? 3 : /[\s/_.-]/.test(inside[at - 1]) ? 2 : 1;
  }
  return score;
}

/** @param {string} text */
function wordsOf(text) {
  return folded(text).split(/\s+/).filter(Boolean);
}

/** Whether a conversation is what the filters that can be told from its view say. @param {View} view @param {Filter[]} filters */
function passes(view, filters) {
  return filters.every(({ key, value }) => {
    if (key === 'type') return view.kind === TYPES[value];
    if (key === 'tag') return (view.tags ?? []).includes(value.replace(/^#/, ''));
    if (key === 'in') return isIn(view, value);
    if (key === 'from') return folded(baseName(view.workspace)).includes(folded(value));
    if (key === 'before') return view.updated_at < (dayOf(value) ?? 0);
    if (key === 'after') return view.updated_at >= (dayOf(value) ?? 0);
    return true;
  });
}

/** @param {View} view @param {string} place */
function isIn(view, place) {
  const wanted = folded(place);
  const project = projects.value.find(({ id }) => id === view.project);
  const folder = folders.value.find(({ id }) => id === view.folder);
  return (project !== undefined && folded(project.name) === wanted) || (folder !== undefined && folded(folder.path).split('/').includes(wanted));
}

/** @param {View} view @returns {Result} */
function resultOf(view, group, snippet) {
  return { id: view.id, group, label: view.title, view, icon: view.kind, snippet };
}

/** What is known here already, best first. @param {string} text @param {Filter[]} filters @returns {Result[]} */
function localResults(text, filters) {
  const words = wordsOf(plain(text));
  const fine = entries.value.filter((view) => passes(view, filters) && !filters.some(({ key }) => key === 'has'));
  if (words.length === 0 && filters.length === 0) return fine.slice(0, EACH).map((view) => resultOf(view, 'recent'));
  const scored = fine.map((view) => ({ view, score: fit(view.title, words) })).filter(({ score }) => score > 0);
  scored.sort((a, b) => b.score - a.score || b.view.updated_at - a.view.updated_at);
  return ['chat', 'note', 'document'].flatMap((kind) =>
    scored.filter(({ view }) => view.kind === kind).slice(0, EACH).map(({ view }) => resultOf(view, kind)),
  );
}

/** What the server finds. @param {string} text @param {Filter[]} filters @param {AbortSignal} signal @returns {Promise<Result[]>} */
async function serverResults(text, filters, signal) {
  const words = plain(text).trim();
  if (!words && filters.length === 0) return [];
  const [hits, views] = await Promise.all([
    words ? get('/api/search', { q: words, limit: 30 }, { signal }) : [],
    filters.length > 0 ? get('/api/conversations', { ...queryOf(filters), words, limit: 50 }, { signal }).then((page) => page.entries) : [],
  ]);
  const fine = await withContent(views.filter((view) => passes(view, filters)), filters, signal);
  if (filters.length === 0) return hits.map(hitResult);
  const byId = new Map(fine.map((view) => [view.id, view]));
  const found = hits.filter(({ conversation }) => byId.has(conversation)).map(hitResult);
  const seen = new Set(found.map(({ view }) => view.id));
  return [...found, ...fine.filter(({ id }) => !seen.has(id)).map((view) => resultOf(view, 'found'))];
}

/** @param {any} hit @returns {Result} */
function hitResult(hit) {
  const view = entries.value.find(({ id }) => id === hit.conversation) ?? { id: hit.conversation, title: hit.title, kind: hit.kind };
  return { ...resultOf(view, 'found', hit.snippet), id: hit.item ?? `${hit.conversation}.text`, item: hit.item };
}

/** @param {Filter[]} filters */
function queryOf(filters) {
  const of = (key) => filters.find((one) => one.key === key)?.value;
  const place = of('in');
  const project = place && projects.value.find(({ name }) => folded(name) === folded(place));
  const folder = place && !project && folders.value.find(({ name }) => folded(name) === folded(place));
  return { kind: of('type') && TYPES[of('type')], tag: of('tag')?.replace(/^#/, ''), project: project?.id, folder: folder?.id, deep: Boolean(folder) };
}

/** @param {View[]} views @param {Filter[]} filters @param {AbortSignal} signal */
async function withContent(views, filters, signal) {
  const wanted = filters.filter(({ key }) => key === 'has').map(({ value }) => value);
  if (wanted.length === 0) return views;
  const looked = views.slice(0, LOOKED_INTO);
  const fits = await Promise.all(looked.map(async (view) => (await Promise.all(wanted.map((what) => has(view, what, signal)))).every(Boolean)));
  return looked.filter((_, at) => fits[at]);
}

/** @param {View} view @param {string} what @param {AbortSignal} signal */
async function has(view, what, signal) {
  const path = `/api/conversations/${view.id}`;
  try {
    if (what === 'canvas') return (await get(`${path}/canvases`, {}, { signal })).length > 0;
    if (what === 'file') return (await get(`${path}/changes`, {}, { signal })).length > 0;
    return (await get(`${path}/items`, { limit: 100 }, { signal })).entries.some(({ body }) => body.kind === 'tool_call');
  } catch {
    return false;
  }
}

/**
 * The server's results beside the local ones: what is there keeps its place, a snippet goes to the row that shows the
 * same conversation, the rest is added at the end. No row moves.
 * @param {Result[]} local
 * @param {Result[]} served
 * @returns {Result[]}
 */
function merged(local, served) {
  const rows = local.map((row) => ({ ...row }));
  const place = new Map(rows.filter(({ view }) => view).map((row) => [row.view.id, row]));
  for (const result of served) {
    const row = place.get(result.view.id);
    if (row && !row.snippet && result.snippet && !result.item) row.snippet = result.snippet;
    else if (!row || result.item) rows.push(result);
  }
  return rows;
}

/** Values that fit the filter that is being typed, as results that finish it. @param {string} text @param {string[]} tags @returns {Result[]} */
function suggestions(text, tags) {
  const typed = /(?:^|\s)(\w*)(:?)([^\s:]*)$/.exec(text);
  if (!typed) return [];
  const [, key, colon, begun] = typed;
  const result = (name, value) => ({ id: `${name}:${value}`, group: 'filters', label: `${name}:${value}`, icon: 'tag', filter: { key: name, value } });
  if (!colon) {
    const fine = key.length > 1 && text.trim() === key ? KEYS.filter((name) => name.startsWith(key)) : [];
    return fine.map((name) => ({ id: `${name}:`, group: 'filters', label: `${name}:`, icon: 'tag', text: `${name}:` }));
  }
  const values = {
    in: [...projects.value.map(({ name }) => name), ...folders.value.map(({ name }) => name)],
    type: ['chat', 'note', 'doc'],
    tag: tags,
    from: [...new Set(entries.value.map(({ workspace }) => baseName(workspace)))],
    before: ['today', '7d', '30d'],
    after: ['today', '7d', '30d'],
    has: HAS,
  }[key];
  const wanted = folded(begun);
  return (values ?? []).filter((value) => folded(value).startsWith(wanted)).slice(0, EACH).map((value) => result(key, value));
}

export { fit, folded, localResults, merged, passes, serverResults, suggestions, takeFilters, wordsOf };
