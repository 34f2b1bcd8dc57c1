/**
 * What a streamed text is made of on the page: blocks that are whole, and lists, tables and fences that grow. Each
 * knows what it was made of, so that it can be compared with what the whole text says in the end.
 */
import { isShown } from './lexer.js';
import { appendLines, block, codeBlock, codeLines, codeOf, itemOf, langOf, listOf, rowOf, setLoose, tableOf } from './nodes.js';

/** @typedef {import('./lexer.js').Token} Token */
/** @typedef {'live'|'growing'|'frozen'} State how far a node is from its last form */
/** @typedef {(node: HTMLElement, state: State) => void} Settle */
/** @typedef {{key: string, node: HTMLElement}} Built */

/** @param {Token} token */
function keyOf(token) {
  return `${token.type} ${token.raw.trimEnd()}`;
}

/** @param {Token[]} row */
function rowKey(row) {
  return row.map(({ text }) => text).join('\u0000');
}

/** Whether what was built may say something else now that all definitions of links are known. @param {Token} token @param {boolean} hasLinks */
function mayDiffer(token, hasLinks) {
  return hasLinks && token.raw.includes('[');
}

/**
 * Makes the last children of a node what they are to be; equal ones at the front stay.
 * @param {HTMLElement} parent
 * @param {Built[]} built
 * @param {{key: string, make: () => HTMLElement}[]} wanted
 * @param {Settle} settle
 */
function patch(parent, built, wanted, settle) {
  let same = 0;
  while (same < built.length && same < wanted.length && built[same].key === wanted[same].key) same += 1;
  for (const { node } of built.splice(same)) node.remove();
  for (const { key, make } of wanted.slice(same)) {
    const node = make();
    parent.append(node);
    built.push({ key, node });
    settle(node, 'live');
  }
}

/** A block that was built in one go. */
class WholePart {
  kind = 'whole';

  /** @param {Token} token */
  constructor(token) {
    this.key = keyOf(token);
    this.node = /** @type {HTMLElement} */ (block(token));
  }

  /** Whether it says what a token says. @param {Token} token @param {boolean} hasLinks */
  adopt(token, hasLinks) {
    if (this.key !== keyOf(token)) return false;
    return !mayDiffer(token, hasLinks) || token.type === 'code' || this.node.isEqualNode(block(token));
  }
}

/** Children that are frozen one after the other, with some behind them that may still change. */
class GrowingPart {
  /** @type {Built[]} */
  frozen = [];
  /** @type {Built[]} */
  live = [];

  /** @param {Settle} settle */
  constructor(settle) {
    this.settle = settle;
  }

  /** @param {{key: string, make: () => HTMLElement}[]} wanted */
  freeze(wanted) {
    for (const { key, make } of wanted) {
      let one = this.live[0]?.key === key ? this.live.shift() : null;
      if (!one) {
        this.dropLive();
        one = { key, node: make() };
        this.body.append(one.node);
      }
      this.frozen.push(one);
      this.settle(one.node, 'frozen');
    }
  }

  dropLive() {
    for (const { node } of this.live) node.remove();
    this.live = [];
  }

  /** @param {{key: string, token: Token, make: () => HTMLElement}[]} wanted @param {boolean} hasLinks */
  match(wanted, hasLinks) {
    const all = [...this.frozen, ...this.live];
    for (const { node } of all.splice(wanted.length)) node.remove();
    this.frozen = wanted.map(({ key, token, make }, index) => {
      const old = all[index];
      if (old?.key === key && !(mayDiffer(token, hasLinks) && !old.node.isEqualNode(make()))) return old;
      const node = make();
      if (old) old.node.replaceWith(node);
      else this.body.append(node);
      this.settle(node, 'frozen');
      return { key, node };
    });
    this.live = [];
  }
}

class ListPart extends GrowingPart {
  kind = 'list';
  isLoose = false;

  /** @param {Token} token @param {Settle} settle */
  constructor(token, settle) {
    super(settle);
    this.node = listOf(token);
    this.body = this.node;
    this.ordered = token.ordered;
    this.start = token.start;
  }

  /** The text that tells where its frozen items ended stands in front of the rest when that is read. */
  head = '';

  /** @param {Token} token @param {number} count @returns {number} characters of what was frozen */
  take(token, count) {
    const items = token.items.slice(0, count);
    this.isLoose ||= token.loose;
    setLoose(this.node, this.isLoose);
    this.freeze(items.map((item) => ({ key: keyOf(item), make: () => itemOf(item) })));
    return items.reduce((length, item) => length + item.raw.length, 0);
  }

  /** @param {Token} token */
  show(token) {
    setLoose(this.node, this.isLoose || token.loose);
    patch(this.body, this.live, token.items.map((item) => ({ key: keyOf(item), make: () => itemOf(item) })), this.settle);
  }

  /** @param {Token} token @param {boolean} hasLinks */
  adopt(token, hasLinks) {
    if (token.type !== 'list' || token.ordered !== this.ordered || token.start !== this.start) return false;
    setLoose(this.node, token.loose);
    this.match(token.items.map((item) => ({ key: keyOf(item), token: item, make: () => itemOf(item) })), hasLinks);
    return true;
  }

  /** How many of a last list's items are fixed. @param {Token} token */
  static fixed(token) {
    return token.items.length - 1;
  }
}

class TablePart extends GrowingPart {
  kind = 'table';

  /** @param {Token} token @param {Settle} settle */
  constructor(token, settle) {
    super(settle);
    const { node, body } = tableOf(token);
    this.node = node;
    this.body = body;
    this.key = this.headKey(token);
    const [first, second] = token.raw.split('\n', 2);
    this.head = `${first}\n${second}\n`;
    this.isNew = true;
  }

  /** @param {Token} token */
  headKey(token) {
    return `${rowKey(token.header)} ${token.align.join()}`;
  }

  /** @param {Token[][]} rows */
  wanted(rows) {
    const make = (row) => rowOf(row, 'td');
    return rows.map((row) => ({ key: rowKey(row), token: /** @type {Token} */ ({ type: 'row', raw: rowKey(row) }), make: () => make(row) }));
  }

  /** @param {Token} token @param {number} count @returns {number} characters of what was frozen */
  take(token, count) {
    this.freeze(this.wanted(token.rows.slice(0, count)));
    const lines = token.raw.split('\n').slice(2, 2 + count);
    const head = this.isNew ? this.head.length : 0;
    this.isNew = false;
    return head + lines.reduce((length, line) => length + line.length + 1, 0);
  }

  /** @param {Token} token */
  show(token) {
    patch(this.body, this.live, this.wanted(token.rows), this.settle);
  }

  /** @param {Token} token @param {boolean} hasLinks */
  adopt(token, hasLinks) {
    if (token.type !== 'table' || this.headKey(token) !== this.key) return false;
    if (hasLinks && this.key.includes('[')) return false;
    this.match(this.wanted(token.rows), hasLinks);
    return true;
  }

  /** @param {Token} token */
  static fixed(token) {
    return token.rows.length - 1;
  }
}

class FencePart {
  kind = 'fence';

  /** @param {{lang: string}} fence */
  constructor({ lang }) {
    const { node, code } = codeBlock(lang);
    this.node = node;
    this.code = code;
  }

  /** @param {string[]} lines */
  add(lines) {
    appendLines(this.code, lines);
  }

  /** @param {Token} token */
  adopt(token) {
    if (token.type !== 'code' || token.codeBlockStyle) return false;
    const own = codeOf(this.code);
    const lines = codeLines(token);
    return own.lang === langOf(token.lang ?? '') && own.lines === lines.length && own.text === lines.join('\n');
  }
}

/** What is made of a whole block; nothing of what is not shown. @param {Token} token @returns {WholePart|null} */
function partOf(token) {
  return isShown(token) ? new WholePart(token) : null;
}

export { FencePart, keyOf, ListPart, partOf, patch, TablePart };
