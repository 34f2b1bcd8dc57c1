/**
 * The window of a thread: which rows are in the page, where they stand, and whether the reader is at the live edge.
 *
 * A reader who follows stays at the bottom. For any other, the first row in sight keeps its place to the pixel,
 * whatever comes, grows, folds or goes above and below. Knows rows by key and height, nothing of what they show.
 */
import { signal } from '../../lib/dom.js';

/** Rows beyond the edges of sight that are kept ready, pixels. */
const OVERSCAN = 900;
/** A row nobody has measured yet. */
const GUESS = 72;
const MAX_ROWS = 120;
/** Nearer to an edge of what is loaded than this, more is loaded: screens. */
const SCREENS_AHEAD = 4;
/** This close to the end is at the end, pixels. */
const AT_END = 4;
const NEAR_END = 48;

/** @param {HTMLElement} scroller */
const shapeOf = (scroller) => `${scroller.scrollHeight} ${scroller.clientHeight}`;

export class Viewport {
  /** @param {{more: (side: 'older'|'newer') => void, isLive: () => boolean, latest: () => unknown}} doors */
  constructor({ more, isLive, latest }) {
    this.more = more;
    this.isLive = isLive;
    this.latest = latest;
    this.following = signal(true);
    /** Rises when other rows have to be shown. */
    this.tick = signal(0);
    /** @type {HTMLElement|null} */
    this.scroller = null;
    /** @type {Map<string, number>} */
    this.heights = new Map();
    this.keys = /** @type {string[]} */ ([]);
    this.tops = [0];
    this.from = 0;
    this.to = 0;
    this.reason = '';
    this.expected = -1;
    this.lastTop = 0;
    this.shape = '';
    this.kept = 0;
    /** The rows in sight and where they stand, so that one of them can keep its place. */
    this.anchors = /** @type {{key: string, offset: number}[]} */ ([]);
    /** Where it was last found short, so that it is tried once only. */
    this.settledAt = '';
  }

  /** Begins with a scrolling element. @param {HTMLElement} scroller @returns {() => void} */
  attach(scroller) {
    this.scroller = scroller;
    const on = (/** @type {EventTarget} */ target, /** @type {string} */ name, /** @type {(event: any) => void} */ run) => {
      target.addEventListener(name, run, { passive: true });
      return () => target.removeEventListener(name, run);
    };
    const content = /** @type {HTMLElement} */ (scroller.firstElementChild);
    const observer = new ResizeObserver(() => this.settle());
    observer.observe(scroller);
    observer.observe(content);
    const ends = [
      on(scroller, 'scroll', () => this.onScroll()),
      on(scroller, 'wheel', (event) => event.deltaY < 0 && this.leave('scroll')),
      on(scroller, 'keydown', (event) => this.#onKey(event)),
      on(scroller, 'focusin', () => this.leave('focus')),
      on(scroller, 'focusout', (event) => !scroller.contains(event.relatedTarget) && this.#back('focus')),
      on(document, 'selectionchange', () => this.#onSelection()),
      on(document, 'keydown', (event) => (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f' && this.leave('find')),
    ];
    return () => {
      observer.disconnect();
      for (const end of ends) end();
      this.scroller = null;
    };
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const isBack = ['PageUp', 'ArrowUp', 'Home'].includes(event.key) || (event.key === ' ' && event.shiftKey);
    if (isBack) this.leave('scroll');
  }

  #onSelection() {
    const selection = getSelection();
    const isInside = selection && !selection.isCollapsed && this.scroller?.contains(selection.anchorNode);
    if (isInside) this.leave('selection');
    else this.#back('selection');
  }

  /** Stops following. @param {string} reason */
  leave(reason) {
    if (!this.scroller) return;
    if (reason === 'scroll' && this.scroller.scrollHeight <= this.scroller.clientHeight) return;
    if (this.following.peek()) this.#anchor();
    if (this.following.peek() || reason === 'scroll') this.reason = reason;
    this.following.value = false;
  }

  /** What made the reader leave is over, and they are still at the end. @param {string} reason */
  #back(reason) {
    if (!this.following.peek() && this.reason === reason && this.distance() <= NEAR_END && this.isLive()) this.follow();
  }

  /** A row that had the focus is gone, so nobody is inside any more. */
  checkFocus() {
    if (this.reason === 'focus' && this.scroller && !this.scroller.contains(document.activeElement)) this.#back('focus');
  }

  /** Follows again, from the end. */
  follow() {
    this.following.value = true;
    this.reason = '';
    if (!this.isLive()) this.latest();
    this.tick.value++;
    this.#toEnd();
  }

  /** Pixels below what is in sight. */
  distance() {
    const { scroller } = this;
    return scroller ? scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight : 0;
  }

  onScroll() {
    const { scroller } = this;
    if (!scroller) return;
    const top = scroller.scrollTop;
    const isOurs = Math.abs(top - this.expected) < 1.5;
    // Where the page itself got another shape, the browser moved the reader, not the reader.
    if (!isOurs && this.following.peek() && this.shape !== shapeOf(scroller)) {
      this.settle();
      return;
    }
    if (!isOurs) {
      if (top < this.lastTop - 1) this.leave('scroll');
      else if (top > this.lastTop && this.distance() <= AT_END && this.isLive() && ['scroll', 'find'].includes(this.reason)) this.follow();
    }
    this.lastTop = top;
    this.shape = shapeOf(scroller);
    this.expected = -1;
    if (!this.following.peek()) this.#anchor();
    if (this.#isShort()) this.tick.value++;
    this.#loadAtEdges();
  }

  #loadAtEdges() {
    const { scroller } = this;
    if (!scroller || !scroller.clientHeight) return;
    const near = SCREENS_AHEAD * scroller.clientHeight;
    if (scroller.scrollTop < near) this.more('older');
    if (this.distance() < near) this.more('newer');
  }

  /** The rows as they are to be shown. @param {{key: string}[]} rows @returns {{from: number, to: number, before: number, behind: number}} */
  layout(rows) {
    this.keys = rows.map(({ key }) => key);
    this.#measureTops();
    const height = this.scroller?.clientHeight || 800;
    const top = this.#wantedTop(height);
    let from = this.#rowAt(top - OVERSCAN);
    let to = Math.min(rows.length, this.#rowAt(top + height + OVERSCAN) + 1);
    if (to - from > MAX_ROWS) {
      from = Math.max(from, this.#rowAt(top + height / 2) - MAX_ROWS / 2);
      to = Math.min(to, from + MAX_ROWS);
    }
    if (this.following.peek()) to = rows.length;
    this.from = from;
    this.to = to;
    const all = this.tops[rows.length];
    return { from, to, before: this.tops[from], behind: all - this.tops[to] };
  }

  #measureTops() {
    const tops = new Array(this.keys.length + 1);
    tops[0] = 0;
    for (const [at, key] of this.keys.entries()) tops[at + 1] = tops[at] + (this.heights.get(key) ?? GUESS);
    this.tops = tops;
  }

  /** @param {number} height */
  #wantedTop(height) {
    const all = this.tops[this.keys.length];
    if (this.following.peek()) return Math.max(0, all - height);
    const anchor = this.#anchorIn(this.keys);
    if (anchor) return this.tops[this.keys.indexOf(anchor.key)] - anchor.offset;
    return this.scroller?.scrollTop ?? 0;
  }

  /** @param {string[]} keys */
  #anchorIn(keys) {
    const known = new Set(keys);
    return this.anchors.find(({ key }) => known.has(key)) ?? null;
  }

  /** The row at a height, by halving. @param {number} top */
  #rowAt(top) {
    let low = 0;
    let high = Math.max(0, this.keys.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= top) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The rows are in the page: they are measured, and whoever keeps their place gets it back. */
  settle() {
    const { scroller } = this;
    if (!scroller) return;
    this.#measure();
    if (this.following.peek()) this.#toEnd();
    else this.#restore();
    this.checkFocus();
    const at = `${this.from} ${this.to} ${scroller.scrollTop}`;
    if (this.#isShort() && at !== this.settledAt) this.tick.value++;
    this.settledAt = at;
    this.#loadAtEdges();
  }

  #elements() {
    return /** @type {HTMLElement[]} */ ([...(this.scroller?.querySelectorAll(':scope > .thread-rows > [data-key]') ?? [])]);
  }

  #measure() {
    let isOther = false;
    for (const element of this.#elements()) {
      const key = element.dataset.key ?? '';
      const height = element.offsetHeight;
      if (this.heights.get(key) !== height) {
        this.heights.set(key, height);
        isOther = true;
      }
    }
    if (isOther) this.#measureTops();
  }

  #toEnd() {
    const { scroller } = this;
    if (!scroller) return;
    if (this.kept) this.#keepHeight(0);
    scroller.scrollTop = scroller.scrollHeight;
    this.#moved();
  }

  #moved() {
    this.expected = this.scroller?.scrollTop ?? -1;
    this.lastTop = this.expected;
    if (this.scroller) this.shape = shapeOf(this.scroller);
  }

  #restore() {
    const { scroller } = this;
    const anchor = this.#anchorIn(this.keys.slice(this.from, this.to));
    if (!scroller || !anchor) return;
    const element = this.#elements().find(({ dataset }) => dataset.key === anchor.key);
    if (!element) return;
    const off = element.getBoundingClientRect().top - scroller.getBoundingClientRect().top - anchor.offset;
    if (Math.abs(off) < 0.5) return;
    const wanted = scroller.scrollTop + off;
    // What went away at the end must not pull the reader down with it: the thread stays as high as it has to.
    if (wanted > scroller.scrollHeight - scroller.clientHeight) this.#keepHeight(wanted + scroller.clientHeight);
    scroller.scrollTop = wanted;
    this.#moved();
  }

  /** @param {number} height of the rows at least; 0 lets go */
  #keepHeight(height) {
    const content = /** @type {HTMLElement|null} */ (this.scroller?.firstElementChild ?? null);
    if (content) content.style.minHeight = height ? `${Math.ceil(height)}px` : '';
    this.kept = height;
  }

  /** Remembers what is in sight. */
  #anchor() {
    const { scroller } = this;
    if (!scroller) return;
    const box = scroller.getBoundingClientRect();
    const seen = [];
    for (const element of this.#elements()) {
      const { top, bottom } = element.getBoundingClientRect();
      if (bottom <= box.top + 1) continue;
      if (top >= box.bottom) break;
      seen.push({ key: element.dataset.key ?? '', offset: top - box.top });
    }
    if (seen.length) this.anchors = seen;
    // Nothing of what is there is in sight: a row of the table stands where the eye is.
    else if (this.keys.length) {
      const at = this.#rowAt(scroller.scrollTop);
      this.anchors = [{ key: this.keys[at], offset: this.tops[at] - scroller.scrollTop }];
    }
  }

  /** Whether sight reaches rows that are not in the page. */
  #isShort() {
    const { scroller, from, to, tops } = this;
    if (!scroller) return false;
    const top = scroller.scrollTop;
    const needed = OVERSCAN / 3;
    return (from > 0 && tops[from] > top - needed) || (to < this.keys.length && tops[to] < top + scroller.clientHeight + needed);
  }

  /** Shows a row at the top third. @param {string} key */
  show(key) {
    this.leave('jump');
    this.reason = 'scroll';
    this.anchors = [{ key, offset: Math.round((this.scroller?.clientHeight ?? 600) / 4) }];
    this.tick.value++;
  }

  /** The element of a row, if it is in the page. @param {string} key */
  element(key) {
    return this.#elements().find(({ dataset }) => dataset.key === key) ?? null;
  }
}
