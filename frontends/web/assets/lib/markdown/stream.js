/**
 * A Markdown text while it grows, in a part of the page of its own: what cannot change any more is built once and never
 * touched again; only what may still change is built anew. Work per step depends on what is new, not on what is there.
 *
 * Only whole lines are frozen: every block but the last, and of a last list or table every item or row but the last.
 * Inside an open code fence whole lines are appended without looking at them. At the end everything is read once more,
 * and what differs is replaced: that settles references to links that are defined later.
 */
import { copyLinks, dedent, fenceOf, isShown, lex, LIMITS, noLinks } from './lexer.js';
import { make } from './nodes.js';
import { FencePart, keyOf, ListPart, partOf, TablePart } from './parts.js';

/** @typedef {import('./lexer.js').Token} Token */

/** Characters taken in one step. */
const PIECE = 32_000;
/** An unfrozen end that is longer is built anew only when it has grown by an eighth. */
const LONG_TAIL = 12_000;
/** Longer texts are not read once more at the end. */
const WHOLE = 128_000;
/** Blocks side by side: beyond, they stand in parts, so that laying out one more does not look at all of them. */
const SIDE_BY_SIDE = 32;

const GROWING = { list: ListPart, table: TablePart };

class MarkdownStream {
  /** All that has come. */
  source = '';
  /** Characters that are not shown, because no text is that long. */
  left = 0;
  /** Whether the end was read. */
  isFinished = false;
  /** Whether something has come that is not shown yet because the end is long. */
  isBehind = false;
  #pending = '';
  #heldReturn = false;
  /** What is not frozen. */
  #tail = '';
  /** So much of the tail was looked at for freezing. */
  #seen = 0;
  /** The length of the tail that is shown. */
  #shown = -1;
  #links = noLinks();
  /** Parts that do not change any more; the last one may be the open one. @type {any[]} */
  #frozen = [];
  /** Parts of the tail, as they look so far. @type {any[]} */
  #live = [];
  /** A list, table or fence that goes on. @type {any} */
  #open = null;
  /** Elements that hold the blocks behind the first ones. @type {HTMLElement[]} */
  #groups = [];
  #root;
  #settle;

  /**
   * @param {HTMLElement} root empty, and nobody else's
   * @param {{settle?: import('./parts.js').Settle}} [hooks] `settle` is told every node that was built
   */
  constructor(root, { settle = () => {} } = {}) {
    this.#root = root;
    this.#settle = settle;
  }

  /** More text. @param {string} text */
  push(text) {
    const known = text.slice(0, Math.max(0, LIMITS.text - this.source.length));
    this.left += text.length - known.length;
    this.source += known;
    let more = this.#heldReturn ? `\r${known}` : known;
    this.#heldReturn = more.endsWith('\r');
    if (this.#heldReturn) more = more.slice(0, -1);
    this.#pending += more.includes('\r') ? more.replace(/\r\n?/g, '\n') : more;
  }

  /**
   * One frame of work.
   * @param {boolean} [isAll] shows a long end too
   * @returns {boolean} whether more waits
   */
  step(isAll = false) {
    this.#take();
    this.#advance();
    this.#showTail(isAll);
    return this.#pending.length > 0;
  }

  /** The end: nothing more comes. */
  finish() {
    if (this.isFinished) return;
    this.isFinished = true;
    this.isBehind = false;
    if (this.#heldReturn) this.#pending += '\n';
    const isWhole = this.source.length <= WHOLE;
    const isUntouched = this.#frozen.length === 0 && this.#tail === '';
    if (!(isWhole && isUntouched)) {
      while (this.#pending) {
        this.#take();
        this.#advance();
      }
      this.#close();
    }
    if (isWhole) this.#reconcile(this.source.replace(/\r\n?/g, '\n'));
  }

  #take() {
    this.#tail += this.#pending.slice(0, PIECE);
    this.#pending = this.#pending.slice(PIECE);
  }

  /** Freezes what the whole lines of the tail allow. */
  #advance() {
    for (;;) {
      if (this.#open?.kind === 'fence') {
        if (!this.#code()) return;
        continue;
      }
      const end = this.#tail.lastIndexOf('\n') + 1;
      if (end <= this.#seen) return;
      this.#seen = end;
      if (!this.#freeze(this.#tail.slice(0, end))) return;
    }
  }

  /** @param {string} text whole lines @returns {boolean} whether to look again */
  #freeze(text) {
    const head = this.#open?.head ?? '';
    const tokens = lex(head + text, this.#links);
    const last = tokens.findLastIndex(({ type }) => type !== 'space');
    if (last < 0) return false;
    let length = -head.length;
    for (const [index, token] of tokens.slice(0, last).entries()) {
      length += token.raw.length;
      this.#commit(token, index === 0);
    }
    this.#cut((last > 0 ? length : 0) + this.#freezePart(tokens[last], last === 0));
    return this.#open?.kind === 'fence';
  }

  /** @param {number} length */
  #cut(length) {
    if (length === 0) return;
    this.#tail = this.#tail.slice(length);
    this.#seen = Math.max(0, this.#seen - length);
    this.#shown = -1;
  }

  /** What of the last block is fixed. @param {Token} token @param {boolean} isFirst @returns {number} characters of it */
  #freezePart(token, isFirst) {
    const Part = GROWING[token.type];
    if (Part) {
      const isOpen = isFirst && this.#open?.kind === token.type;
      const count = Part.fixed(token);
      if (count < 1 && !isOpen) this.#shut();
      if (count < 1) return 0;
      if (!isOpen) {
        this.#open = null;
        this.#open = this.#add(new Part(token, this.#settle));
      }
      return this.#open.take(token, count);
    }
    this.#shut();
    if (token.type !== 'code' || token.codeBlockStyle) return 0;
    const lines = token.raw.split('\n');
    const fence = fenceOf(lines[0]);
    if (!fence || lines.slice(1).some((line) => fence.close.test(line))) return 0;
    const part = this.#add(new FencePart(fence));
    this.#open = Object.assign(part, fence);
    return lines[0].length + 1;
  }

  /** A whole block that is fixed. @param {Token} token @param {boolean} isFirst the first of the tail */
  #commit(token, isFirst) {
    if (isFirst && this.#open && this.#open.kind === token.type) {
      this.#open.take(token, Number.POSITIVE_INFINITY);
      this.#open = null;
      return;
    }
    this.#shut();
    if (!isShown(token)) return;
    if (this.#live[0]?.key !== keyOf(token)) {
      this.#add(partOf(token));
      return;
    }
    const part = this.#live.shift();
    this.#frozen.push(part);
    this.#settle(part.node, 'frozen');
  }

  /** @template {{node: HTMLElement}} T @param {T} part @returns {T} */
  #add(part) {
    this.#dropLive();
    this.#put(part.node, this.#frozen.length);
    this.#frozen.push(part);
    this.#settle(part.node, 'frozen');
    return part;
  }

  /** Puts a block behind all others. @param {HTMLElement} node @param {number} place its number */
  #put(node, place) {
    const number = Math.floor(place / SIDE_BY_SIDE);
    if (number === 0) {
      this.#root.append(node);
      return;
    }
    if (number > this.#groups.length) {
      this.#groups.push(make('div', 'md-part'));
      this.#root.append(this.#groups.at(-1));
    }
    this.#groups[number - 1].append(node);
  }

  /** Takes away parts in which nothing is left. */
  #tidy() {
    while (this.#groups.length && !this.#groups.at(-1).firstChild) this.#groups.pop().remove();
  }

  /** What was open does not go on. */
  #shut() {
    this.#open?.dropLive?.();
    this.#open = null;
  }

  #dropLive() {
    this.#open?.dropLive?.();
    for (const { node } of this.#live) node.remove();
    this.#live = [];
    this.#tidy();
  }

  /** Takes whole lines of code. @returns {boolean} whether the fence has closed */
  #code() {
    const open = this.#open;
    const end = this.#tail.lastIndexOf('\n') + 1;
    if (end === 0) return false;
    const lines = this.#tail.slice(0, end - 1).split('\n');
    const closing = lines.findIndex((line) => open.close.test(line));
    const own = closing < 0 ? lines : lines.slice(0, closing);
    open.add(own.map((line) => dedent(line, open.indent)));
    const used = own.reduce((length, line) => length + line.length + 1, 0);
    this.#tail = this.#tail.slice(closing < 0 ? used : used + lines[closing].length + 1);
    this.#seen = 0;
    this.#shown = -1;
    if (closing >= 0) this.#open = null;
    this.#settle(open.node, closing < 0 ? 'growing' : 'frozen');
    return closing >= 0;
  }

  /** Shows what may still change. @param {boolean} isAll */
  #showTail(isAll) {
    const length = this.#tail.length;
    if (this.#open?.kind === 'fence' || length === this.#shown) return;
    this.isBehind = !isAll && this.#shown > LONG_TAIL && length < this.#shown + this.#shown / 8;
    if (this.isBehind) return;
    this.#shown = length;
    const tokens = lex((this.#open?.head ?? '') + this.#tail, copyLinks(this.#links)).filter(isShown);
    const goesOn = this.#open && tokens[0]?.type === this.#open.kind;
    if (goesOn) this.#open.show(tokens[0]);
    else this.#open?.dropLive();
    const wanted = (goesOn ? tokens.slice(1) : tokens).map((token) => ({ key: keyOf(token), token }));
    this.#showLive(wanted);
  }

  /** @param {{key: string, token: Token}[]} wanted */
  #showLive(wanted) {
    let same = 0;
    while (same < this.#live.length && same < wanted.length && this.#live[same].key === wanted[same].key) same += 1;
    for (const { node } of this.#live.splice(same)) node.remove();
    this.#tidy();
    for (const { token } of wanted.slice(same)) {
      const part = partOf(token);
      this.#put(part.node, this.#frozen.length + this.#live.length);
      this.#live.push(part);
      this.#settle(part.node, 'live');
    }
  }

  /** Builds what is left, where nothing more comes. */
  #close() {
    if (this.#open?.kind === 'fence') {
      if (this.#tail && !this.#open.close.test(this.#tail)) this.#open.add([dedent(this.#tail, this.#open.indent)]);
      this.#settle(this.#open.node, 'frozen');
      this.#open = null;
    } else if (this.#tail) {
      const tokens = lex((this.#open?.head ?? '') + this.#tail, this.#links);
      for (const [index, token] of tokens.entries()) this.#commit(token, index === 0);
    }
    this.#tail = '';
    this.#dropLive();
  }

  /** Makes the page say what the whole text says; what is equal stays. @param {string} text */
  #reconcile(text) {
    const links = noLinks();
    const tokens = lex(text, links).filter(isShown);
    const hasLinks = Object.keys(links).length > 0;
    const parts = this.#frozen;
    const isAligned = parts.length === tokens.length;
    const next = [];
    for (const [index, token] of tokens.entries()) {
      const old = isAligned || next.length === index ? parts[index] : undefined;
      if (old?.adopt(token, hasLinks)) {
        next.push(old);
        continue;
      }
      if (!isAligned) this.#drop(parts.splice(index));
      next.push(this.#replace(isAligned ? old : undefined, token, index));
    }
    if (!isAligned) this.#drop(parts.slice(tokens.length));
    this.#frozen = next;
  }

  /** @param {any[]} parts the last ones */
  #drop(parts) {
    for (const { node } of parts) node.remove();
    this.#tidy();
  }

  /** @param {any} old @param {Token} token @param {number} place */
  #replace(old, token, place) {
    const part = partOf(token);
    if (old) old.node.replaceWith(part.node);
    else this.#put(part.node, place);
    this.#settle(part.node, 'frozen');
    return part;
  }
}

export { MarkdownStream };
