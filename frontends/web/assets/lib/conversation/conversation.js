/**
 * One conversation as the views use it: opened with one request, followed from there, paged at its edges, and every
 * wish that can be made of it.
 *
 * Facts and previews are taken in together, however many there are, and no more often than anybody can follow.
 */
import { get, op, serverNow } from '../api.js';
import { signal } from '../dom.js';
import { follow } from '../live.js';
import { Model } from './model.js';
import { wishes } from './wishes.js';

/** Items of one page. */
export const PAGE = 120;
/** How long a tab that nobody sees collects, milliseconds. */
const HIDDEN_PAUSE = 250;
/** The shortest time from one taking in to the next, and how long a picture may be away, milliseconds. */
const PACE = 50;
const PICTURE = 16;

/** When something was last taken in. */
let taken = 0;

/**
 * Runs a task with the next picture that is due, or soon where no picture is drawn.
 * @param {() => void} task
 */
function withNextFrame(task) {
  if (typeof document === 'undefined' || document.visibilityState !== 'visible') {
    setTimeout(task, HIDDEN_PAUSE);
    return;
  }
  const frame = () =>
    requestAnimationFrame(() => {
      taken = performance.now();
      task();
    });
  const pause = taken + PACE - PICTURE - performance.now();
  if (pause > 0) setTimeout(frame, pause);
  else frame();
}

/** What a conversation reaches the world through; tests hand in others. */
const doors = { get, op, follow, schedule: withNextFrame, now: serverNow };

export class Conversation {
  #doors;
  #stop = () => {};
  #buffer = /** @type {any[]} */ ([]);
  #isDue = false;
  #isClosed = false;
  /** Counts up with every stretch that is asked for; an answer of an earlier one is not wanted any more. */
  #wanted = 0;
  #loading = { older: false, newer: false };
  #hear = () => {};

  /** @param {string} id @param {Partial<typeof doors>} [given] */
  constructor(id, given = {}) {
    this.#doors = { ...doors, ...given };
    this.id = id;
    this.path = `/api/conversations/${id}`;
    this.topic = `conversation:${id}`;
    this.model = new Model({ now: this.#doors.now });
    const { model } = this;
    this.view = model.view;
    this.items = model.items.entries;
    this.turns = model.turns;
    this.run = model.run;
    this.phase = model.run;
    this.ended = model.ended;
    this.queue = model.queue;
    this.approvals = model.approvals;
    this.resolved = model.resolved;
    this.questions = model.questions;
    this.canvases = model.canvases;
    this.drafts = model.drafts;
    /** Approvals that were answered on this page. @type {Set<string>} */
    this.own = new Set();
    /** The message that is on its way, so that nothing is told before it. @type {Promise<unknown>|null} */
    this.sending = null;
    /** What follows when a plan is approved here. */
    this.planned = () => {};
    /** `loading`, `ready` or `failed`. */
    this.state = signal('loading');
    /** Why it could not be opened. */
    this.problem = signal(/** @type {any} */ (null));
    /** Done when the first facts have come: from here on nothing is missed. */
    this.heard = new Promise((done) => (this.#hear = () => done(undefined)));
    Object.assign(this, wishes(this, this.#doors.op));
  }

  /** The item with what only previews tell of it, if it is loaded. @param {string} item */
  live(item) {
    return this.model.items.get(item)?.live ?? null;
  }

  /** Whether there is none, or none any more. */
  get isGone() {
    return this.model.isDeleted.value || this.problem.value?.code === 'not_found';
  }

  get hasOlder() {
    return this.model.items.before;
  }

  get hasNewer() {
    return this.model.items.after;
  }

  /** Reads it and follows from there, or from its beginning if it is new. @param {{around?: string, isNew?: boolean}} [where] */
  async open({ around, isNew = false } = {}) {
    const wanted = ++this.#wanted;
    try {
      const answer = await this.#doors.get(`${this.path}/open`, { limit: PAGE, around });
      if (wanted !== this.#wanted || this.#isClosed) return;
      this.#buffer = [];
      const seq = isNew ? 0 : answer.conversation.seq;
      this.model.load(isNew ? unheard(answer) : answer);
      this.state.value = 'ready';
      this.problem.value = null;
      this.#follow(seq);
    } catch (error) {
      if (wanted !== this.#wanted || this.#isClosed) return;
      this.problem.value = error.problem ?? { code: 'internal', message: String(error), causes: [] };
      this.state.value = 'failed';
    }
  }

  /** Ends following. */
  close() {
    this.#isClosed = true;
    this.#stop();
  }

  /** @param {number} after */
  #follow(after) {
    this.#stop();
    if (this.#isClosed) return;
    this.#stop = this.#doors.follow(this.topic, {
      after,
      signals: (list) => this.#receive(list),
    });
  }

  /** @param {any[]} list */
  #receive(list) {
    this.#hear();
    for (const one of list) this.#buffer.push(one);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#doors.schedule(() => this.flush());
  }

  /** Takes in what has come. */
  flush() {
    this.#isDue = false;
    const list = this.#buffer;
    this.#buffer = [];
    if (!list.length || this.#isClosed) return;
    this.model.take(list);
    // Facts were not kept for us: what is stored says it all.
    if (list.some((one) => one.signal === 'lagged')) void this.#reread();
  }

  /** Reads it anew without moving a reader. */
  async #reread() {
    const wanted = this.#wanted;
    const answer = await this.#doors.get(`${this.path}/open`, { limit: PAGE }).catch((error) => {
      // It went while nobody told us.
      if (error.status === 404) this.model.isDeleted.value = true;
      return null;
    });
    if (!answer || wanted !== this.#wanted || this.#isClosed) return;
    this.model.load(answer, { isAgain: true });
    this.#follow(answer.conversation.seq);
  }

  /** Loads the page before what is loaded. Answers whether there was one. */
  async loadOlder() {
    return this.#page('older', { before: this.model.items.before.value });
  }

  /** Loads the page behind what is loaded. */
  async loadNewer() {
    return this.#page('newer', { after: this.model.items.after.value });
  }

  /** @param {'older'|'newer'} side @param {Record<string, string|null>} cursor */
  async #page(side, cursor) {
    if (Object.values(cursor)[0] === null || this.#loading[side]) return false;
    const wanted = this.#wanted;
    this.#loading[side] = true;
    try {
      const page = await this.#doors.get(`${this.path}/items`, { ...cursor, limit: PAGE });
      if (wanted !== this.#wanted || this.#isClosed) return false;
      this.model.addTurns(page.turns);
      if (side === 'older') this.model.items.prepend(page);
      else this.model.items.append(page);
      return true;
    } finally {
      this.#loading[side] = false;
    }
  }

  /** Has an item among what is loaded. Answers whether it exists. @param {string} item */
  async jump(item) {
    if (this.model.items.get(item)) return true;
    return this.#stretch({ around: item });
  }

  /** Has the newest items among what is loaded. */
  async jumpLatest() {
    if (this.model.items.after.value === null) return true;
    return this.#stretch({});
  }

  /** @param {{around?: string}} where */
  async #stretch(where) {
    const wanted = ++this.#wanted;
    if (!where.around) this.model.items.missed = [];
    const page = await this.#doors.get(`${this.path}/items`, { ...where, limit: PAGE });
    if (wanted !== this.#wanted || this.#isClosed) return false;
    this.model.addTurns(page.turns);
    this.model.items.replace(page);
    return true;
  }

  /** Reads a part of it: `changes`, `diff`, `prompt`, `search`… @param {string} what @param {Record<string, unknown>} [query] */
  read(what, query) {
    return this.#doors.get(`${this.path}/${what}`, query);
  }
}

/** A new conversation before anything happened in it: all of it is told as events. @param {any} answer */
function unheard({ conversation: { running: _, ...view } }) {
  const conversation = { ...view, seq: 0 };
  return { conversation, items: { entries: [] }, turns: [], queue: [], approvals: [], questions: [], canvases: [] };
}

/** Opens a conversation and follows it until it is closed. @param {string} id @param {{around?: string, isNew?: boolean}} [where] */
export function openConversation(id, where = {}) {
  const conversation = new Conversation(id);
  void conversation.open(where);
  return conversation;
}
