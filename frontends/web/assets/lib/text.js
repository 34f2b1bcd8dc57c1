/**
 * A note or document while a person writes it: kept by itself, never per key, and never over somebody else's words.
 *
 * Every write is a version that is kept, so words are gathered: written when the keys rest, when the field is left,
 * and at most every 30 seconds while they do not rest. Knows nothing of views.
 */
import { signal } from '../vendor/signals.js';
import { ApiError, get, op, problemOf } from './api.js';
import { follow } from './live.js';
import { load, save } from './prefs.js';

/** @typedef {import('../types/api').TextView} TextView */

const REST = 800;
const LONGEST = 30_000;
const AGAIN = 5_000;
/** Longer texts are not kept in the browser at each key, but when they are written. */
const LONG = 50_000;

class TextModel {
  /** What the person sees. */
  text = signal('');
  /** @type {import('../vendor/signals.js').Signal<'loading'|'saved'|'dirty'|'saving'|'conflict'|'failed'>} */
  status = signal('loading');
  /** The newest version that is known. */
  version = signal(0);
  /** Somebody else's words that ours would overwrite. @type {import('../vendor/signals.js').Signal<TextView | null>} */
  theirs = signal(null);
  /** @type {import('../vendor/signals.js').Signal<import('./api.js').Problem | null>} */
  problem = signal(null);
  savedAt = signal(0);
  /** Whether its words were read: before that there is nothing to write. */
  isRead = signal(false);

  #id;
  /** The words of `version`. */
  #base = '';
  #rest = 0;
  #longest = 0;
  #again = 0;
  #isWriting = false;
  #isEnded = false;
  #seq = 0;
  #stop = () => {};

  /** @param {string} id */
  constructor(id) {
    this.#id = id;
  }

  /** Reads it and follows it. @param {number} seq where the reader of its view was */
  async open(seq) {
    this.#seq = seq;
    this.#stop();
    this.status.value = 'loading';
    try {
      this.#stop = follow(`conversation:${this.#id}`, { after: seq, signals: (list) => this.#signals(list) });
      const read = await get(`/api/conversations/${this.#id}/text`);
      if (this.#isEnded) return;
      this.isRead.value = true;
      const kept = load(`text.${this.#id}`, null);
      this.#take(read);
      if (kept && kept.body !== read.body) this.#recover(kept, read);
    } catch (error) {
      this.problem.value = problemOf(error);
      this.status.value = 'failed';
    }
  }

  /** Words of an earlier visit that never reached the host. */
  #recover(kept, read) {
    this.text.value = kept.body;
    if (kept.version === read.version) this.#changed();
    else this.#conflict(read);
  }

  /** What the person has written. @param {string} text */
  type(text) {
    if (text === this.text.value) return;
    this.text.value = text;
    this.#changed();
  }

  #changed() {
    if (this.text.value.length < LONG) this.#keepHere();
    if (this.status.value === 'conflict') return;
    this.status.value = 'dirty';
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.flush(), REST);
    this.#longest ||= setTimeout(() => this.flush(), LONGEST);
  }

  /** Keeps the words in this browser until the host has them. */
  #keepHere() {
    save(`text.${this.#id}`, { version: this.version.value, body: this.text.value });
  }

  /** Writes what is not written yet. @param {{isLeaving?: boolean}} [how] */
  async flush({ isLeaving = false } = {}) {
    clearTimeout(this.#rest);
    clearTimeout(this.#longest);
    clearTimeout(this.#again);
    this.#longest = 0;
    if (!this.isRead.value) {
      if (this.status.value === 'failed' && !isLeaving && !this.#isEnded) await this.open(this.#seq);
      return;
    }
    const isKept = ['saved', 'loading', 'conflict'].includes(this.status.value);
    if (this.#isWriting || isKept || this.#isEnded) return;
    const body = this.text.value;
    if (body === this.#base) return this.#settled();
    this.#isWriting = true;
    this.status.value = 'saving';
    this.#keepHere();
    const wish = { verb: 'write', conversation: this.#id, base_version: this.version.value, body };
    try {
      await op('text', wish, { keepalive: isLeaving });
      this.#take(await get(`/api/conversations/${this.#id}/text`), body);
    } catch (error) {
      await this.#failed(error);
    } finally {
      this.#isWriting = false;
    }
    if (this.status.value !== 'dirty') return;
    // What was typed while the page was left and a write was under way goes after it.
    if (this.#isEnded) void op('text', { ...wish, base_version: this.version.value, body: this.text.value }).then(() => save(`text.${this.#id}`, null), () => this.#keepHere());
    else if (!isLeaving) this.#changed();
  }

  /** @param {unknown} error */
  async #failed(error) {
    if (error instanceof ApiError && error.problem.code === 'conflict') {
      const read = await get(`/api/conversations/${this.#id}/text`).catch(() => null);
      if (read) return this.#take(read);
    }
    this.problem.value = problemOf(error);
    this.status.value = 'failed';
    if (problemOf(error).retryable) this.#again = setTimeout(() => this.flush(), AGAIN);
  }

  /**
   * A version of the host's.
   * @param {TextView} read
   * @param {string} [sent] what was just written
   */
  #take(read, sent) {
    if (read.version < this.version.value) return;
    const isOurs = read.body === sent || read.body === this.text.value;
    const isUntouched = this.text.value === this.#base;
    if (this.status.value === 'loading' || isOurs || isUntouched) {
      this.version.value = read.version;
      this.savedAt.value = read.updated_at;
      this.#base = read.body;
      if (!isOurs || this.status.value === 'loading') this.text.value = read.body;
      this.#settled();
    } else if (read.version > this.version.value) {
      this.#conflict(read);
    }
  }

  #settled() {
    this.problem.value = null;
    this.theirs.value = null;
    if (this.text.value === this.#base) {
      this.status.value = 'saved';
      save(`text.${this.#id}`, null);
    } else {
      this.status.value = 'dirty';
    }
  }

  /** @param {TextView} read */
  #conflict(read) {
    if (this.text.value.trimEnd() === read.body.trimEnd()) return this.keep('theirs', read);
    this.theirs.value = read;
    this.status.value = 'conflict';
  }

  /** Ends a conflict. @param {'mine'|'theirs'|'both'} which @param {TextView | null} [read] */
  keep(which, read = this.theirs.value) {
    if (!read) return;
    const mine = this.text.value;
    this.version.value = read.version;
    this.#base = read.body;
    if (which === 'theirs') this.text.value = read.body;
    if (which === 'both') this.text.value = `${read.body.trimEnd()}\n\n${mine}`;
    this.#settled();
    if (this.status.value === 'dirty') void this.flush();
  }

  /** Brings a version back. @param {number} version */
  async restore(version) {
    await this.flush();
    await op('text', { verb: 'restore', conversation: this.#id, base_version: this.version.value, version });
    this.#take(await get(`/api/conversations/${this.#id}/text`));
  }

  /** @param {any[]} list */
  #signals(list) {
    for (const { signal: kind, envelope } of list) {
      if (kind === 'lagged') void get(`/api/conversations/${this.#id}/text`).then((read) => this.#take(read), () => {});
      const event = kind === 'event' && envelope.event.noun === 'text' ? envelope.event.event : null;
      // While a write is under way its answer decides: the event may be of our own words.
      if (event?.verb === 'saved' && this.status.value !== 'loading' && !this.#isWriting) this.#take(event.text);
    }
  }

  /** Writes what is left and stops. */
  close() {
    this.#stop();
    void this.flush({ isLeaving: true });
    clearTimeout(this.#again);
    this.#isEnded = true;
  }
}

export { TextModel };
