/**
 * Tokens to DOM nodes. Everything is created by name and filled with text nodes, so nothing a text says becomes markup,
 * a script, a style or a request. What a block becomes depends on its token alone; listeners are `markdown.js`'s.
 */
import { words } from '../../strings/item.js';

/** @typedef {import('./lexer.js').Token} Token */

/** Lines of code kept in one element; a longer block is laid out piece by piece. */
const CHUNK_LINES = 64;
/** Characters of a line of code that are shown. */
const MAX_LINE = 20_000;
/** Characters of unformatted text kept in one element. */
const CHUNK_PLAIN = 8000;
/** Headings of a text stand below those of the page. */
const HEADING_SHIFT = 2;
/** Bytes of an image written into a text. */
const MAX_DATA_IMAGE = 4_000_000;

/** What is behind a code element, for copying: pieces, joined when asked for. @type {WeakMap<Node, {lang: string, lines: string[]}>} */
const codes = new WeakMap();

/** @param {string} name @param {string} [className] @param {string} [text] */
function make(name, className = '', text = '') {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.append(document.createTextNode(text));
  return node;
}

const NAMED = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', copy: '©', reg: '®', trade: '™', deg: '°', plusmn: '±',
  times: '×', divide: '÷', middot: '·', bull: '•', hellip: '…', ndash: '–', mdash: '—', lsquo: '‘', rsquo: '’', ldquo: '“',
  rdquo: '”', laquo: '«', raquo: '»', larr: '←', rarr: '→', uarr: '↑', darr: '↓', harr: '↔', rArr: '⇒', le: '≤', ge: '≥',
  ne: '≠', asymp: '≈', infin: '∞', micro: 'µ', para: '¶', sect: '§', euro: '€', pound: '£', yen: '¥', cent: '¢', frac12: '½',
  alpha: 'α', beta: 'β', gamma: 'γ', delta: 'δ', lambda: 'λ', mu: 'μ', pi: 'π', sigma: 'σ', omega: 'ω', Delta: 'Δ', Sigma: 'Σ',
  Omega: 'Ω', check: '✓', star: '☆', hearts: '♥', lbrace: '{', rbrace: '}', lbrack: '[', rbrack: ']', num: '#', ast: '*',
};

/** A text without character references; numeric ones in addresses too. @param {string} text */
function decode(text) {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z][a-zA-Z\d]{1,8}));/g, (all, dec, hex, name) => {
    if (name) return Object.hasOwn(NAMED, name) ? NAMED[name] : all;
    const point = dec ? Number(dec) : Number.parseInt(hex, 16);
    const isNone = point === 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000);
    return isNone ? '\ufffd' : String.fromCodePoint(point);
  });
}

const PAGES = /^\/(?:[cnd]\/[\da-f-]{36}|(?:sources|tools|skills|runs|usage|audit|settings)(?:\/[\w-]+)*)$/;

/**
 * Where a link may lead: another server over HTTP, a letter, a page of ours; anything else leads nowhere.
 * @param {string} href
 * @returns {{kind: 'web'|'mail'|'page', href: string, shown: string}|null}
 */
function target(href) {
  const address = decode(href).trim();
  if (PAGES.test(address)) return { kind: 'page', href: address, shown: address };
  if (!/^(?:https?:\/\/|mailto:)/i.test(address)) return null;
  try {
    const url = new URL(address);
    if (url.protocol === 'mailto:') return { kind: 'mail', href: url.href, shown: url.pathname };
    return url.host ? { kind: 'web', href: url.href, shown: url.host } : null;
  } catch {
    return null;
  }
}

/** @param {Node & ParentNode} parent @param {Token[]} [tokens] */
function fill(parent, tokens = []) {
  for (const token of tokens) {
    const node = inline(token);
    if (node) parent.append(node);
  }
}

/** @param {string} name @param {Token} token @param {string} [className] */
function filled(name, token, className = '') {
  const node = make(name, className);
  fill(node, token.tokens);
  return node;
}

/** A paragraph; blanks at its end are not shown, and not there. @param {Token} token */
function paragraph(token) {
  const node = filled('p', token);
  for (let last = node.lastChild; last?.nodeType === 3; last = node.lastChild) {
    last.data = last.data.trimEnd();
    if (last.data) break;
    last.remove();
  }
  return node;
}

/** @type {Record<string, (token: Token) => Node|null>} */
const INLINE = {
  text: (token) => document.createTextNode(decode(token.text)),
  escape: (token) => document.createTextNode(token.text),
  raw: (token) => plain('span', token.text),
  html: (token) => (/^<br\s*\/?>$/i.test(token.text) ? make('br') : document.createTextNode(token.text)),
  strong: (token) => filled('strong', token),
  em: (token) => filled('em', token),
  del: (token) => filled('del', token),
  codespan: (token) => make('code', 'md-span', token.text),
  br: () => make('br'),
  link,
  image,
  math,
  footnote_sign: (token) => make('sup', 'md-sign', token.text),
  checkbox: () => null,
};

/** @param {Token} token */
function inline(token) {
  const build = Object.hasOwn(INLINE, token.type) ? INLINE[token.type] : null;
  return build ? build(token) : document.createTextNode(token.raw);
}

/** @param {string} href */
function foreignLink(href) {
  const node = make('a', 'md-link');
  node.setAttribute('href', href);
  node.setAttribute('rel', 'noopener noreferrer');
  node.setAttribute('target', '_blank');
  return node;
}

/** @param {Token} token */
function link(token) {
  const to = target(token.href);
  if (!to) return nowhere(token);
  const node = to.kind === 'page' ? make('a', 'md-link') : foreignLink(to.href);
  if (to.kind === 'page') node.setAttribute('href', to.href);
  fill(node, token.tokens);
  const isTold = to.kind === 'page' || decode(token.text).toLowerCase().includes(to.shown.toLowerCase());
  if (isTold) return node;
  const both = make('span');
  both.append(node, document.createTextNode(' '), make('span', 'md-host', words.markdown.foreign(to.shown)));
  return both;
}

/** A link that leads nowhere we go: its words, and where it was to lead. @param {Token} token */
function nowhere(token) {
  const node = filled('span', token);
  const address = decode(token.href);
  if (address && address !== token.text) node.append(document.createTextNode(' '), make('span', 'md-host', words.markdown.foreign(address)));
  return node;
}

/** Nothing is loaded: an image of another server is a link that says so. @param {Token} token */
function image(token) {
  if (isDataImage(token.href)) return dataImage(token);
  const to = target(token.href);
  if (to?.kind !== 'web') return make('span', 'md-chip', words.markdown.noImage(decode(token.text || token.href).slice(0, 200)));
  const node = foreignLink(to.href);
  node.className = 'md-chip';
  node.setAttribute('title', words.markdown.imageTitle);
  node.append(document.createTextNode(words.markdown.image(to.shown, decode(token.text))));
  return node;
}

/** @param {string} href */
function isDataImage(href) {
  return href.length <= MAX_DATA_IMAGE && /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z\d+/=]+$/.test(href);
}

/** @param {Token} token */
function dataImage(token) {
  if (!isDataImage(token.href)) return make('span', 'md-chip', words.markdown.noImage(decode(token.text)));
  const node = make('img', 'md-image');
  node.setAttribute('src', token.href);
  node.setAttribute('alt', decode(token.text));
  node.setAttribute('decoding', 'async');
  return node;
}

/** A formula as it is written, until `lib/math.js` draws it. @param {Token} token */
function math(token) {
  const node = make(token.isBlock ? 'div' : 'span', token.isDisplay ? 'md-math md-display' : 'md-math', token.text);
  if (token.isDisplay) node.setAttribute('data-display', '');
  return node;
}

/** Text without any format, in pieces a browser lays out one by one. @param {string} name @param {string} text @param {string} [className] */
function plain(name, text, className = 'md-plain') {
  if (text.length <= CHUNK_PLAIN) return make(name, className, text);
  const node = make(name, className);
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + CHUNK_PLAIN);
    const isHalf = end < text.length && (text.charCodeAt(end) & 0xfc00) === 0xdc00;
    if (isHalf) end += 1;
    node.append(make('span', 'md-chunk', text.slice(at, end)));
    at = end;
  }
  return node;
}

/** @type {Record<string, (token: Token) => Node|null>} */
const BLOCKS = {
  space: () => null,
  def: () => null,
  paragraph,
  text: paragraph,
  html: (token) => make('p', '', token.text),
  plain: (token) => plain('p', token.text.trimEnd()),
  hr: () => make('hr'),
  heading: (token) => filled(`h${Math.min(6, token.depth + HEADING_SHIFT)}`, token, `md-h${token.depth}`),
  blockquote: (token) => {
    const node = make('blockquote');
    appendBlocks(node, token.tokens);
    return node;
  },
  code: (token) => {
    const { node, code } = codeBlock(token.lang ?? '');
    appendLines(code, codeLines(token));
    return node;
  },
  list: (token) => {
    const node = listOf(token);
    for (const item of token.items) node.append(itemOf(item));
    return node;
  },
  table: (token) => {
    const { node, body } = tableOf(token);
    for (const row of token.rows) body.append(rowOf(row, 'td'));
    return node;
  },
  math,
  data_image: (token) => {
    const node = make('p');
    node.append(dataImage(token));
    return node;
  },
  footnote: (token) => {
    const node = paragraph(token);
    node.className = 'md-footnote';
    node.insertBefore(document.createTextNode(' '), node.firstChild);
    node.insertBefore(make('sup', 'md-sign', token.label), node.firstChild);
    return node;
  },
};

/** @param {Token} token @returns {Node|null} */
function block(token) {
  const build = Object.hasOwn(BLOCKS, token.type) ? BLOCKS[token.type] : null;
  return build ? build(token) : plain('p', token.raw);
}

/** @param {Node & ParentNode} parent @param {Token[]} [tokens] */
function appendBlocks(parent, tokens = []) {
  for (const token of tokens) {
    const node = block(token);
    if (node) parent.append(node);
  }
}

/** An empty list. @param {Token} token */
function listOf(token) {
  const node = make(token.ordered ? 'ol' : 'ul');
  if (token.ordered && token.start !== 1) node.setAttribute('start', String(token.start));
  setLoose(node, token.loose);
  return node;
}

/** @param {HTMLElement} list @param {boolean} isLoose */
function setLoose(list, isLoose) {
  const name = isLoose ? 'is-loose' : 'is-tight';
  if (list.className !== name) list.className = name;
}

/** @param {Token} item */
function itemOf(item) {
  const node = make('li', item.task ? 'md-task' : '');
  appendBlocks(node, item.tokens.filter(({ type }) => type !== 'checkbox'));
  if (!item.task) return node;
  const box = make('input');
  box.setAttribute('type', 'checkbox');
  box.setAttribute('disabled', '');
  box.setAttribute('aria-label', words.markdown.task(Boolean(item.checked)));
  if (item.checked) box.setAttribute('checked', '');
  const first = node.firstChild;
  const place = first?.nodeName === 'P' ? first : node;
  place.insertBefore(box, place.firstChild);
  return node;
}

/** A table with its head. @param {Token} token */
function tableOf(token) {
  const node = make('div', 'md-table');
  node.setAttribute('tabindex', '0');
  node.setAttribute('role', 'group');
  node.setAttribute('aria-label', words.markdown.table);
  const table = make('table');
  const head = make('thead');
  const body = make('tbody');
  head.append(rowOf(token.header, 'th'));
  table.append(head, body);
  node.append(table);
  return { node, body };
}

/** @param {Token[]} cells @param {'td'|'th'} name */
function rowOf(cells, name) {
  const row = make('tr');
  for (const cell of cells) row.append(filled(name, cell, cell.align ? `md-${cell.align}` : ''));
  return row;
}

/** The lines of a code token; a line end behind the last one opens no new one. @param {Token} token @returns {string[]} */
function codeLines(token) {
  return token.text === '' ? [] : token.text.replace(/\n$/, '').split('\n');
}

/** The language that is named behind a fence. @param {string} info */
function langOf(info) {
  return /^[\w+#.-]{1,30}/.exec(info)?.[0].toLowerCase() ?? '';
}

/** An empty block of code. @param {string} info what stands behind the fence */
function codeBlock(info) {
  const lang = langOf(info);
  const node = make('div', 'md-code');
  const bar = make('div', 'md-code-bar');
  bar.append(make('span', 'md-code-lang', lang || words.markdown.plainCode));
  bar.append(barButton('md-code-wrap', words.markdown.wrap, words.markdown.wrapLines));
  bar.append(barButton('md-code-copy', words.markdown.copy, words.markdown.copyCode));
  bar.childNodes[1].setAttribute('aria-pressed', 'false');
  const pre = make('pre');
  pre.setAttribute('tabindex', '0');
  pre.setAttribute('role', 'group');
  pre.setAttribute('aria-label', words.markdown.codeLabel(lang));
  const code = make('code');
  pre.append(code);
  node.append(bar, pre);
  codes.set(code, { lang, lines: [] });
  return { node, code };
}

/** @param {string} className @param {string} text @param {string} label */
function barButton(className, text, label) {
  const node = make('button', className, text);
  node.setAttribute('type', 'button');
  node.setAttribute('aria-label', label);
  return node;
}

/** Adds whole lines to a block of code. @param {Node & ParentNode} code @param {string[]} lines */
function appendLines(code, lines) {
  const kept = codes.get(code);
  for (let at = 0; at < lines.length; ) {
    const free = CHUNK_LINES - (kept.lines.length % CHUNK_LINES);
    const part = lines.slice(at, at + free);
    if (free === CHUNK_LINES) {
      const chunk = make('span', 'md-chunk');
      chunk.append(document.createTextNode(''));
      code.append(chunk);
    }
    const text = part.map((line) => `${shownLine(line)}\n`).join('');
    const last = code.lastChild.lastChild;
    if (last.nodeType === 3) /** @type {Text} */ (last).data += text;
    else code.lastChild.append(document.createTextNode(text));
    for (const line of part) kept.lines.push(line);
    at += part.length;
  }
}

/** @param {string} line */
function shownLine(line) {
  return line.length <= MAX_LINE ? line : line.slice(0, MAX_LINE) + words.markdown.cut(line.length - MAX_LINE);
}

/** What a code element says, all of it. @param {Node} code @returns {{lang: string, text: string, lines: number}|null} */
function codeOf(code) {
  const kept = codes.get(code);
  return kept ? { lang: kept.lang, text: kept.lines.join('\n'), lines: kept.lines.length } : null;
}

export { appendLines, block, CHUNK_LINES, codeBlock, codeLines, codeOf, decode, itemOf, langOf, listOf, make, MAX_LINE, rowOf, setLoose, tableOf, target };
