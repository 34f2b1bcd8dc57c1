/** What one open conversation page shares: the conversation, its window, what is unfolded, and what keys do to it. */
import { effect, signal } from '../../lib/dom.js';
import { Folding } from '../../lib/conversation/rows.js';
import { isSaid } from '../../lib/conversation/wishes.js';
import { problemOf } from '../../lib/api.js';
import { registerKeys } from '../../lib/keys.js';
import { toast } from '../../lib/toast.js';
import { words } from '../../strings/thread.js';
import { codeOf, copy, forkAt, messageMenuAt, textOf } from './message-actions.js';
import { rowsSignal } from './thread.js';
import { Viewport } from './viewport.js';

/** How long a message that was jumped to is marked, milliseconds. */
const FLASH = 2500;

export class ThreadSession {
  /** @param {import('../../lib/conversation/conversation.js').Conversation} conversation */
  constructor(conversation) {
    this.conversation = conversation;
    this.folding = new Folding();
    /** Keys of folds that are open. */
    this.open = signal(/** @type {Set<string>} */ (new Set()));
    this.flash = signal('');
    this.isFinding = signal(false);
    /** The sent message that is edited in the composer. */
    this.edit = signal(/** @type {any} */ (null));
    /** The waiting input that is edited in its place. */
    this.editing = signal('');
    /** Items that came or changed since the reader left the live edge. */
    this.unseen = signal(/** @type {Set<string>} */ (new Set()));
    this.viewport = new Viewport({
      more: (side) => void (side === 'older' ? conversation.loadOlder() : conversation.loadNewer()).catch(() => {}),
      isLive: () => conversation.hasNewer.value === null,
      latest: () => conversation.jumpLatest().catch(() => {}),
    });
    this.rows = rowsSignal(this);
    /** Set by the composer: puts words into it. */
    this.suggest = (/** @type {string} */ _text) => {};
    this.focusComposer = () => {};
    this.element = /** @type {HTMLElement|null} */ (null);
    this.ends = [effect(() => this.#count()), effect(() => this.#forget())];
  }

  close() {
    for (const end of this.ends) end();
    this.conversation.close();
  }

  #count() {
    const { id } = this.conversation.model.items.news.value;
    if (id && !this.viewport.following.peek() && !this.unseen.peek().has(id)) this.unseen.value = new Set(this.unseen.peek()).add(id);
  }

  #forget() {
    if (this.viewport.following.value && this.unseen.peek().size) this.unseen.value = new Set();
  }

  /** Opens or closes a fold. @param {string} key */
  toggle(key) {
    const open = new Set(this.open.value);
    if (!open.delete(key)) open.add(key);
    this.open.value = open;
  }

  /** Has an item in sight and marked, wherever it is. @param {string} item @param {{focus?: boolean}} [how] */
  async jump(item, { focus = false } = {}) {
    try {
      if (!(await this.conversation.jump(item))) return;
    } catch (error) {
      toast(problemOf(error).message, { kind: 'error' });
      return;
    }
    let row = this.#rowOf(item);
    if (!row) {
      const fold = this.rows.value.find((one) => one.type === 'fold' && one.entries.some((/** @type {any} */ entry) => entry.id === item));
      if (!fold) return;
      this.toggle(fold.key);
      row = this.#rowOf(item);
    }
    if (!row) return;
    this.viewport.show(row.key);
    this.flash.value = row.key;
    setTimeout(() => this.flash.value === row.key && (this.flash.value = ''), FLASH);
    if (focus) requestAnimationFrame(() => this.viewport.element(row.key)?.focus({ preventScroll: true }));
  }

  /** @param {string} item */
  #rowOf(item) {
    return this.rows.value.find((row) => row.entry?.id === item || (row.type === 'calls' && row.entries.some((/** @type {any} */ entry) => entry.id === item)));
  }

  /** Goes to the oldest question that waits for a person, and gives it the focus. */
  async focusWaiting() {
    const { approvals, questions } = this.conversation;
    const [oldest] = [...approvals.value, ...questions.value].sort((a, b) => (a.requested_at ?? 0) - (b.requested_at ?? 0));
    if (!oldest) return false;
    await this.conversation.jumpLatest();
    const key = `${approvals.value.includes(oldest) ? 'approval' : 'question'}:${oldest.id}`;
    if (!this.viewport.element(key)) this.viewport.show(key);
    requestAnimationFrame(() => {
      const row = this.viewport.element(key);
      row?.scrollIntoView({ block: 'nearest' });
      /** @type {HTMLElement|null|undefined} */ (row?.querySelector('[tabindex], button'))?.focus({ preventScroll: true });
    });
    return true;
  }

  /** Runs a wish; what goes wrong is said where it is seen. @param {() => Promise<unknown>} wish */
  async attempt(wish) {
    try {
      return await wish();
    } catch (error) {
      const { message, hint } = problemOf(error);
      toast([message, hint].filter(Boolean).join('. '), { kind: 'error' });
      return null;
    }
  }

  /** The last message again, or on from where it was cut off. */
  retry() {
    this.viewport.follow();
    return this.attempt(() => this.conversation.retry(this.options()));
  }

  /** What holds for the next turn; set by the composer. @returns {object} */
  options() {
    return {};
  }

  /** Begins to edit a sent message. @param {any} item */
  editSent(item) {
    if (this.conversation.view.value?.running) return void toast(words.composer.runningEdit);
    this.edit.value = { item };
  }

  /** The message rows that are in the page. @returns {HTMLElement[]} */
  #messages() {
    return /** @type {HTMLElement[]} */ ([...(this.viewport.scroller?.querySelectorAll('.thread-row-item[data-item]') ?? [])]);
  }

  /** The message that has the focus, or the last one. */
  current() {
    const focused = document.activeElement?.closest?.('.thread-row-item');
    const id = /** @type {HTMLElement|null} */ (focused)?.dataset.item ?? this.#lastMessage();
    return id ? (this.conversation.model.items.get(id)?.item.value ?? null) : null;
  }

  #lastMessage() {
    return [...this.rows.value].reverse().find((row) => row.type === 'item' && row.entry.kind !== 'tool_call')?.entry.id;
  }

  /** @param {number} by */
  step(by) {
    const all = this.#messages();
    const focused = /** @type {HTMLElement|null} */ (document.activeElement?.closest?.('.thread-row-item') ?? null);
    const at = focused ? all.indexOf(focused) : -1;
    const next = at < 0 ? this.#inSight(all) : all[at + by];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: 'nearest' });
  }

  /** The last message whose beginning is in sight. @param {HTMLElement[]} all */
  #inSight(all) {
    const bottom = this.viewport.scroller?.getBoundingClientRect().bottom ?? 0;
    return [...all].reverse().find((one) => one.getBoundingClientRect().top < bottom) ?? all[all.length - 1];
  }

  /** Unfolds everything that was done, or folds it again. */
  #expandAll() {
    const folds = this.rows.value.filter((row) => row.type === 'fold').map(({ key }) => key);
    this.open.value = folds.some((key) => !this.open.value.has(key)) ? new Set([...this.open.value, ...folds]) : new Set();
  }

  /** The keys of the thread, as long as the focus is in it. @param {HTMLElement} element @returns {() => void} */
  bindKeys(element) {
    this.element = element;
    const isFree = () => !document.activeElement?.closest?.('[data-testid="approval"], [data-testid="question"], .thread-edit');
    const isResting = () => !this.conversation.view.value?.running;
    const isRow = () => Boolean(document.activeElement?.classList.contains('thread-row-item'));
    const on = (/** @type {(item: any) => unknown} */ run) => () => {
      const item = this.current();
      if (item) void run(item);
    };
    const keys = [
      { keys: 'j', label: words.keys.next, run: () => this.step(1) },
      { keys: 'k', label: words.keys.previous, run: () => this.step(-1) },
      { keys: 'Enter', label: words.keys.menu, when: isRow, run: on((item) => messageMenuAt(item, this)) },
      { keys: 'y', label: words.keys.copy, run: on((item) => copy(textOf(item))) },
      { keys: 'c', label: words.keys.code, run: on((item) => copy(codeOf(item), words.message.noCode)) },
      { keys: 'e', label: words.keys.edit, run: on((item) => isSaid(item) && this.editSent(item)) },
      { keys: 'r', label: words.keys.retry, when: isResting, run: () => this.retry() },
      { keys: 'f', label: words.keys.fork, run: on((item) => forkAt(item, this)) },
      { keys: 'End', label: words.keys.latest, run: () => this.viewport.follow() },
      { keys: '/', label: words.keys.find, run: () => (this.isFinding.value = true) },
      { keys: 'x', label: words.keys.expand, run: () => this.#expandAll() },
    ].map((one) => ({ isAction: false, ...one, when: () => isFree() && (one.when?.() ?? true) }));
    return registerKeys({ name: words.keys.thread, element }, keys);
  }
}
