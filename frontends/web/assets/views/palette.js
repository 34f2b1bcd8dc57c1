/** The palette: one field to find, to go and to do. A combobox over one list; rows that are there never move. */
import { classes, h, html, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from '../lib/dom.js';
import { attempt, titleOf } from '../lib/actions.js';
import { polite } from '../lib/announce.js';
import { get, problemOf } from '../lib/api.js';
import { Dialog } from '../lib/dialog.js';
import { ago } from '../lib/format.js';
import { Icon } from '../lib/icons.js';
import { actions, keyText } from '../lib/keys.js';
import { entries } from '../lib/list.js';
import { fileRef, insertRef, textRef } from '../lib/refs.js';
import { go, pathOf } from '../lib/router.js';
import { start } from '../lib/start.js';
import { toast } from '../lib/toast.js';
import { words } from '../strings/palette.js';
import { fit, localResults, merged, serverResults, suggestions, takeFilters, wordsOf } from './palette-model.js';
import { Preview } from './palette-preview.js';

/** The server is asked when the keys have rested for so long. */
const REST = 120;
/** The count is told when the list has rested for so long. */
const TELL = 700;
const MOST_ACTIONS = 8;

/** @param {{query: string, close: () => void}} props */
function Palette({ query, close }) {
  const [text, setText] = useState(query);
  const [filters, setFilters] = useState(/** @type {import('./palette-model.js').Filter[]} */ ([]));
  const [selected, setSelected] = useState(0);
  const [isPreviewed, setPreviewed] = useState(false);
  const tags = useTags();
  const here = useMemo(() => rowsHere(text, filters, tags), [text, filters, tags, entries.value]);
  const { served, state } = useServed(text, filters);
  const rows = useMemo(() => merged(here, served), [here, served]);
  const at = Math.min(selected, rows.length - 1);
  const list = useRef(null);
  const id = useId();
  useTold(rows.length, state);
  useLayoutEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }), [at]);
  const type = (value) => {
    const { filters: taken, rest } = takeFilters(value);
    if (taken.length > 0) setFilters([...filters, ...taken]);
    setText(rest);
    setSelected(0);
  };
  const choose = (row, event = {}) => {
    if (!row) return;
    if (row.filter) {
      setFilters([...filters, row.filter]);
      setText(text.replace(/(^|\s)\S*$/, '$1'));
      return setSelected(0);
    }
    if (row.text !== undefined) return type(row.text);
    if (event.altKey) return void insert(row, close);
    if ((event.ctrlKey || event.metaKey) && row.path) return window.open(row.path, '_blank', 'noopener');
    close();
    run(row);
  };
  const key = (event) => {
    const to = { ArrowDown: (at + 1) % rows.length, ArrowUp: (at - 1 + rows.length) % rows.length, PageDown: Math.min(at + 8, rows.length - 1), PageUp: Math.max(at - 8, 0) }[event.key];
    if (event.isComposing) return;
    if (to !== undefined && rows.length > 0) setSelected(to);
    else if (event.key === 'Enter') choose(rows[at], event);
    else if (event.key === 'Tab' && !event.shiftKey && rows[at]?.view) setPreviewed(!isPreviewed);
    else if (event.key === 'Backspace' && event.target.selectionStart === 0 && event.target.selectionEnd === 0 && filters.length > 0) {
      setFilters(filters.slice(0, -1));
    } else return;
    event.preventDefault();
  };
  return h(
    Dialog,
    { title: words.title, isBare: true, kind: 'palette', onClose: () => close(), testId: 'palette' },
    html`<div class="palette-field">
        ${h(Icon, { name: 'search' })}
        ${filters.map((one, place) => h(Chip, { key: `${one.key}:${one.value}`, filter: one, drop: () => setFilters(filters.filter((_, other) => other !== place)) }))}
        <input class="palette-input" role="combobox" aria-label=${words.title} aria-expanded="true" aria-controls=${id} aria-autocomplete="list"
          aria-activedescendant=${rows[at] ? `${id}-${at}` : undefined} autofocus autocomplete="off" spellcheck=${false}
          placeholder=${filters.length > 0 ? '' : words.placeholder} value=${text} onInput=${(event) => type(event.currentTarget.value)} onKeyDown=${key} />
      </div>
      <div class="palette-body">
        <div class="palette-list" role="listbox" id=${id} aria-label=${words.results} ref=${list}>
          ${h(Rows, { rows, at, id, choose, select: setSelected })}
        </div>
        ${isPreviewed && rows[at]?.view && h(Preview, { key: rows[at].view.id, view: rows[at].view })}
      </div>
      ${rows.length === 0 && h(Nothing, { text, filters, state, drop: () => setFilters(filters.slice(0, -1)) })}
      ${state.problem && html`<p class="palette-none field-error">${words.failed(state.problem)}</p>`}
      ${h(Foot, { row: rows[at] })}`,
  );
}

/** @param {{filter: import('./palette-model.js').Filter, drop: () => void}} props */
function Chip({ filter, drop }) {
  const text = `${filter.key}:${filter.value}`;
  return html`<span class="chip">${text}<button type="button" class="chip-drop" aria-label=${words.dropFilter(text)} onClick=${drop}>✕</button></span>`;
}

function Rows({ rows, at, id, choose, select }) {
  /** @type {{group: string, rows: {row: any, place: number}[]}[]} */
  const groups = [];
  rows.forEach((row, place) => {
    if (groups.at(-1)?.group !== row.group) groups.push({ group: row.group, rows: [] });
    groups.at(-1).rows.push({ row, place });
  });
  return groups.map(
    ({ group, rows: inside }) => html`<div role="group" aria-label=${groupName(group)} key=${group}>
      <div class="palette-group" aria-hidden="true">${groupName(group)}</div>
      ${inside.map(({ row, place }) => h(Row, { key: row.id, row, id: `${id}-${place}`, isSelected: place === at, choose, select: () => select(place) }))}
    </div>`,
  );
}

function Row({ row, id, isSelected, choose, select }) {
  return html`<div class=${classes('palette-row', isSelected && 'is-selected')} role="option" id=${id} aria-selected=${String(isSelected)}
    onClick=${(event) => choose(row, event)} onPointerMove=${select}>
    ${h(Icon, { name: row.icon ?? 'right' })}
    <span class="palette-label">${row.view ? titleOf(row.view) : row.label}</span>
    <span class="palette-snippet">${row.snippet ? h(Snippet, { text: row.snippet }) : row.detail}</span>
    <span class="palette-note">${row.keys ? html`<kbd>${keyText(row.keys)}</kbd>` : (row.note ?? (row.view?.updated_at ? ago(row.view.updated_at) : ''))}</span>
  </div>`;
}

/** Text of the server whose matches lie between U+0002 and U+0003. @param {{text: string}} props */
function Snippet({ text }) {
  return text.split(/(\u0002[^\u0003]*\u0003)/).map((part) => (part.startsWith('\u0002') ? html`<mark>${part.slice(1, -1)}</mark>` : part));
}

function Nothing({ text, filters, state, drop }) {
  if (state.isAsking) return html`<p class="palette-none">${words.searching}</p>`;
  const last = filters.at(-1);
  return html`<p class="palette-none">${words.none(text)}
    ${last && html` · <button class="button" onClick=${drop}>${words.dropIt(`${last.key}:${last.value}`)}</button>`}</p>`;
}

function Foot({ row }) {
  const hints = [['↑↓', words.hints.move], ['⏎', words.hints.open]];
  if (row?.path) hints.push([keyText('Mod+⏎'), words.hints.newTab]);
  if (row?.view) hints.push(['Tab', words.hints.preview]);
  if (refOf(row)) hints.push([keyText('Alt+⏎'), words.hints.insert]);
  return html`<footer class="palette-foot">${hints.map(([keys, does]) => html`<span key=${does}><kbd>${keys}</kbd> ${does}</span>`)}</footer>`;
}

/** @param {string} group */
function groupName(group) {
  return words.groups[group] ?? { recent: words.recent, actions: words.actions, files: words.files, tags: words.tags, filters: words.filterGroup, found: words.found, help: words.help }[group];
}

/** The rows that need no server. @param {string} text @param {import('./palette-model.js').Filter[]} filters @param {string[]} tags */
function rowsHere(text, filters, tags) {
  const mode = text[0];
  if (mode === '>') return actionRows(text.slice(1), 50);
  if (mode === '@') return [];
  if (mode === '#') return tagRows(text.slice(1), tags);
  if (mode === '?') return words.helpRows.map(([key, does]) => ({ id: key, group: 'help', label: key, detail: does, icon: 'help', text: key }));
  const wanted = filters.length === 0 && text.trim() ? actionRows(text, MOST_ACTIONS) : [];
  return [...suggestions(text, tags), ...localResults(text, filters).map(withPath), ...wanted];
}

/** @param {string} text @param {number} most */
function actionRows(text, most) {
  const wanted = wordsOf(text);
  const scored = actions().map((action, place) => ({ action, place, score: fit(action.label, wanted) }));
  const fine = scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score || a.place - b.place).slice(0, most);
  return fine.map(({ action, place }) => ({ id: `action-${place}`, group: 'actions', label: action.label, keys: action.keys, icon: 'play', run: () => action.run() }));
}

/** @param {string} text @param {string[]} tags */
function tagRows(text, tags) {
  const begun = text.toLowerCase();
  return tags.filter((tag) => tag.includes(begun)).map((tag) => ({ id: `#${tag}`, group: 'tags', label: `#${tag}`, icon: 'tag', filter: { key: 'tag', value: tag } }));
}

/** @param {any} row */
function withPath(row) {
  return { ...row, path: row.view ? pathOf(row.view) + (row.item ? `?item=${row.item}` : '') : undefined };
}

function run(row) {
  if (row.run) row.run();
  else if (row.path) void go(row.path);
  else if (row.file) void insertRef({ text: fileRef(row.file), title: row.file });
}

/** @param {any} row @returns {{text: string, title: string} | null} */
function refOf(row) {
  if (row?.file) return { text: fileRef(row.file), title: row.file };
  if (row?.view && row.view.kind !== 'chat') return { text: textRef(row.view), title: titleOf(row.view) };
  return null;
}

async function insert(row, close) {
  const ref = refOf(row);
  if (!ref) return toast(words.noRef);
  close();
  // The dialog gives focus back first; then the composer takes it.
  await new Promise((resolve) => setTimeout(resolve));
  if (!(await insertRef(ref))) toast(words.noComposer, { kind: 'error' });
}

function useTags() {
  const [tags, setTags] = useState(/** @type {string[]} */ ([]));
  useEffect(() => void attempt(async () => setTags((await get('/api/tags')).map(({ name }) => name))), []);
  return tags;
}

/** What the server says to a query, once the keys rest; an older answer never replaces a newer one. */
function useServed(text, filters) {
  const [served, setServed] = useState({ key: '', rows: [] });
  const [state, setState] = useState({ isAsking: false, problem: '' });
  const key = JSON.stringify([text, filters]);
  useEffect(() => {
    const control = new AbortController();
    const isFiles = text[0] === '@';
    if (['>', '#', '?'].includes(text[0]) || (!isFiles && !text.trim() && filters.length === 0)) {
      setState({ isAsking: false, problem: '' });
      return;
    }
    setState({ isAsking: true, problem: '' });
    const ask = async () => {
      try {
        const rows = isFiles ? await fileRows(text.slice(1), control.signal) : await serverResults(text, filters, control.signal);
        setServed({ key, rows: rows.map((row) => (row.file ? row : withPath(row))) });
        setState({ isAsking: false, problem: '' });
      } catch (error) {
        if (!control.signal.aborted) setState({ isAsking: false, problem: problemOf(error).message });
      }
    };
    const timer = setTimeout(ask, REST);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [key]);
  return { served: served.key === key ? served.rows : [], state };
}

/** @param {string} typed @param {AbortSignal} signal */
async function fileRows(typed, signal) {
  const { paths } = await get('/api/paths', { workspace: start.value.workspace, typed, limit: 30 }, { signal });
  return paths.map((path) => ({ id: path, group: 'files', label: path, icon: path.endsWith('/') ? 'folder' : 'file', file: path, view: undefined }));
}

/** @param {number} count @param {{isAsking: boolean}} state */
function useTold(count, { isAsking }) {
  useEffect(() => {
    if (isAsking) return;
    const timer = setTimeout(() => polite(words.count(count)), TELL);
    return () => clearTimeout(timer);
  }, [count, isAsking]);
}

export { Palette };
