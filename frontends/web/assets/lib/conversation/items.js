/**
 * The loaded stretch of a conversation: items in their order, each in a signal of its own, so that one that grows
 * concerns nobody else.
 */
import { signal } from '../dom.js';
import { beyond, scalars } from './text.js';

/** @typedef {import('../../types/api.js').Item} Item */

/**
 * One loaded item. `live` holds what only previews tell: it is gone after a reload, and nobody misses it.
 *
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} turn
 * @property {string} kind
 * @property {import('../dom.js').Signal<Item>} item
 * @property {number} had scalar values of its text so far
 * @property {Live} live
 */

/**
 * @typedef {object} Live
 * @property {import('../dom.js').Signal<{stream: string, text: string}[]>} output
 * @property {import('../dom.js').Signal<{message: string, fraction: number|null}|null>} progress
 * @property {import('../dom.js').Signal<AgentRow[]>} agents
 */

/** @typedef {{name: string, step: number, tool: string|null, calls: number, tokens: number, elapsed_ms: number, at: number}} AgentRow */

/** @typedef {{entries: Item[], before?: string|null, after?: string|null}} ItemsPage */

/** Output kept of a running call, characters; the result has all of it. */
const MAX_OUTPUT = 64_000;
/** Items kept at once; beyond that the page farthest from the reader is let go. */
const MAX_LOADED = 3000;
/** Facts kept about items behind the loaded stretch, until the newest page is here. */
const MAX_MISSED = 500;

/** @param {ItemsPage} page */
const pageOf = ({ entries, before, after }) => ({ first: entries[0]?.id ?? '', before: before ?? null, after: after ?? null });

const ENDED = new Set(['completed', 'failed', 'denied', 'interrupted']);

/** Whether an item will not change any more. @param {Item} item */
export const isOver = (item) => ENDED.has(item.status);

/** @param {Item} item @returns {Entry} */
export function entry(item) {
  return {
    id: item.id,
    turn: item.turn,
    kind: item.body.kind,
    item: signal(item),
    had: scalars(item.body.text ?? ''),
    live: { output: signal([]), progress: signal(null), agents: signal([]) },
  };
}

export class Items {
  /** The loaded pages in their order, each with the cursors of both its ends. */
  #pages = /** @type {{first: string, before: string|null, after: string|null}[]} */ ([]);

  constructor() {
    /** Facts about items behind the loaded stretch. @type {Item[]} */
    this.missed = [];
    /** @type {import('../dom.js').Signal<Entry[]>} */
    this.entries = signal([]);
    /** Pass as `before` for the page before; none at the beginning. */
    this.before = signal(/** @type {string|null} */ (null));
    /** Pass as `after` for the page behind; none at the live edge. */
    this.after = signal(/** @type {string|null} */ (null));
    /** @type {Map<string, Entry>} */
    this.byId = new Map();
    /** Rises when an item came, went, began or ended; not when one grows. */
    this.shape = signal(0);
    /** Rises with every item that is new, grows or ends: what a reader elsewhere has not seen. */
    this.news = signal(/** @type {{count: number, id: string}} */ ({ count: 0, id: '' }));
  }

  /** @param {string} id */
  get(id) {
    return this.byId.get(id);
  }

  /** Puts a page in the place of everything. @param {ItemsPage} page */
  replace(page) {
    const kept = this.byId;
    this.byId = new Map();
    this.entries.value = page.entries.map((item) => this.#adopt(item, kept));
    this.#pages = [pageOf(page)];
    this.#edges();
    this.#late();
  }

  /** Brings the newest page together with what is loaded, which stays where it reaches so far. @param {ItemsPage} page */
  merge(page) {
    if (this.after.value !== null) return;
    const all = this.entries.value;
    const at = page.entries.length ? all.findIndex(({ id }) => id === page.entries[0].id) : -1;
    if (at < 0) {
      this.replace(page);
      return;
    }
    const kept = this.byId;
    const stays = all.slice(0, at);
    this.byId = new Map(stays.map((one) => [one.id, one]));
    this.entries.value = [...stays, ...page.entries.map((item) => this.#adopt(item, kept))];
    this.shape.value++;
  }

  /** Puts an older page in front. @param {ItemsPage} page */
  prepend(page) {
    const fresh = page.entries.filter((item) => !this.byId.has(item.id));
    this.entries.value = [...fresh.map((item) => this.#adopt(item, this.byId)), ...this.entries.value];
    this.#pages.unshift({ ...pageOf(page), first: fresh[0]?.id ?? this.#pages[0]?.first });
    if (this.entries.value.length > MAX_LOADED && this.#pages.length > 2 && this.#pages.at(-2)?.after) this.#drop('newer');
    this.#edges();
  }

  /** Puts a newer page behind. @param {ItemsPage} page */
  append(page) {
    const fresh = page.entries.filter((item) => !this.byId.has(item.id));
    this.entries.value = [...this.entries.value, ...fresh.map((item) => this.#adopt(item, this.byId))];
    if (fresh.length) this.#pages.push({ ...pageOf(page), first: fresh[0].id });
    else this.#pages[this.#pages.length - 1].after = page.after ?? null;
    if (this.entries.value.length > MAX_LOADED && this.#pages.length > 2) this.#drop('older');
    this.#edges();
    this.#late();
  }

  /** Lets go of the page farthest from the reader. @param {'older'|'newer'} side */
  #drop(side) {
    const [gone] = side === 'older' ? this.#pages.splice(0, 1) : this.#pages.splice(-1, 1);
    const all = this.entries.value;
    const at = all.findIndex(({ id }) => id === (side === 'older' ? this.#pages[0].first : gone.first));
    if (at < 0) return;
    const dropped = side === 'older' ? all.slice(0, at) : all.slice(at);
    for (const { id } of dropped) this.byId.delete(id);
    this.entries.value = side === 'older' ? all.slice(at) : all.slice(0, at);
  }

  #edges() {
    this.before.value = this.#pages[0]?.before ?? null;
    this.after.value = this.#pages.at(-1)?.after ?? null;
  }

  /** What came while the newest page was on its way. */
  #late() {
    if (this.after.value !== null) return;
    const late = this.missed;
    this.missed = [];
    for (const item of late) this.put(item);
  }

  /** A fact about an item. @param {Item} item */
  put(item) {
    const known = this.byId.get(item.id);
    if (known) {
      const was = known.item.value;
      if (isOver(was) && !isOver(item)) return;
      known.item.value = item;
      known.had = scalars(item.body.text ?? '');
      this.shape.value++;
      if (isOver(item)) {
        known.live.progress.value = null;
        if (item.body.result) known.live.output.value = [];
      }
      if (isOver(was) !== isOver(item)) this.#tell(item.id);
      return;
    }
    if (this.after.value !== null) {
      this.missed = [...this.missed.slice(-MAX_MISSED), item];
      this.#tell(item.id);
      return;
    }
    const all = this.entries.value;
    if (all.length && this.before.value !== null && item.created_at < all[0].item.value.created_at) return;
    this.entries.value = [...all, this.#adopt(item, this.byId)];
    this.#tell(item.id);
  }

  /** More text of a running item. @param {{item: string, at?: number, text: string}} delta */
  grow(delta) {
    const known = this.byId.get(delta.item);
    if (!known || isOver(known.item.value)) return;
    const more = beyond(known.had, delta);
    if (!more) return;
    const item = known.item.value;
    if (!known.had) this.shape.value++;
    known.had += scalars(more);
    known.item.value = { ...item, body: { ...item.body, text: (item.body.text ?? '') + more } };
    this.#tell(item.id);
  }

  /** More output of a running call. @param {{item: string, stream: string, text: string}} delta */
  output({ item, stream, text }) {
    const known = this.byId.get(item);
    if (!known || isOver(known.item.value)) return;
    const parts = [...known.live.output.value];
    const last = parts[parts.length - 1];
    if (last?.stream === stream) parts[parts.length - 1] = { stream, text: (last.text + text).slice(-MAX_OUTPUT) };
    else parts.push({ stream, text: text.slice(-MAX_OUTPUT) });
    known.live.output.value = parts.slice(-200);
  }

  /** How far a running call says it has come. @param {{item: string, message: string, fraction?: number|null}} delta */
  progress({ item, message, fraction }) {
    const known = this.byId.get(item);
    if (known && !isOver(known.item.value)) known.live.progress.value = { message, fraction: fraction ?? null };
  }

  /** What a child agent does. @param {AgentRow & {item: string}} delta @param {number} now */
  agent({ item, name, step, tool, calls, tokens, elapsed_ms }, now) {
    const known = this.byId.get(item);
    if (!known || isOver(known.item.value)) return;
    const row = { name, step, tool: tool ?? null, calls: calls ?? 0, tokens, elapsed_ms, at: now };
    const rows = known.live.agents.value;
    const at = rows.findIndex((other) => other.name === name);
    known.live.agents.value = at < 0 ? [...rows, row] : rows.map((other, place) => (place === at ? row : other));
  }

  /**
   * A message and everything after it was put aside. What came to be after that stays, even if this is told late.
   *
   * @param {string} before @param {number} at when it was put aside
   */
  rewind(before, at) {
    const all = this.entries.value;
    const place = all.findIndex(({ id }) => id === before);
    const stays = (/** @type {Entry} */ one, /** @type {number} */ index) => {
      if (one.item.value.created_at > at) return true;
      return place >= 0 ? index < place : one.id < before;
    };
    const kept = all.filter(stays);
    if (kept.length === all.length) return;
    this.byId = new Map(kept.map((one) => [one.id, one]));
    this.entries.value = kept;
    this.missed = [];
    this.#pages = this.#pages.filter(({ first }) => !first || this.byId.has(first));
    if (!this.#pages.length) this.#pages = [{ first: kept[0]?.id ?? '', before: this.before.value, after: null }];
    this.#pages[this.#pages.length - 1].after = null;
    this.#edges();
  }

  /** @param {Item} item @param {Map<string, Entry>} kept */
  #adopt(item, kept) {
    let one = kept.get(item.id);
    if (!one) one = entry(item);
    else if (!isOver(one.item.value)) {
      // What previews have told already is not taken back by an older view.
      const text = one.item.value.body.text;
      const isShorter = !isOver(item) && text !== undefined && (item.body.text ?? '').length < text.length;
      one.item.value = isShorter ? one.item.value : item;
      one.had = scalars(one.item.value.body.text ?? '');
    }
    this.byId.set(item.id, one);
    return one;
  }

  /** @param {string} id */
  #tell(id) {
    this.news.value = { count: this.news.peek().count + 1, id };
  }
}
