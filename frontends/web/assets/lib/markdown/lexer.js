/**
 * Markdown text to tokens: marked's lexer with our rules for math, footnotes and raw HTML, and with limits, so that no
 * text can keep the page busy. Pure; knows no DOM.
 */
import { Lexer, Tokenizer } from '../../vendor/marked.js';

/** @typedef {{type: string, raw: string, text?: string, tokens?: Token[], [more: string]: any}} Token */
/** @typedef {Record<string, {href: string, title: string}>} Links what `[label]: address` lines define */

/** Beyond these a part of a text is shown as it is written. Measured with the hostile texts of `checks/markdown.mjs`. */
const LIMITS = {
  /** Lists and quotes inside of each other. */
  blockDepth: 12,
  /** Emphasis and links inside of each other. */
  inlineDepth: 12,
  /** Characters of one paragraph, cell or heading. */
  inline: 16_000,
  /** Signs in it that may open something. */
  marks: 1200,
  /** Characters of a formula. */
  math: 4000,
  /** Characters of a text that are shown. */
  text: 2_000_000,
  /** Lines of a quote that go on without its sign; each makes marked look at the quote again. */
  lazy: 40,
};

const MARKS = /[*_~[\]<`$!\\]/g;

/** Raw HTML is text: no block of it, and a tag changes nothing of what comes after it. */
class PlainTokenizer extends Tokenizer {
  html() {
    return undefined;
  }

  /** @param {string} src */
  blockquote(src) {
    const found = this.rules.block.blockquote.exec(src);
    if (!found) return undefined;
    const raw = found[0].replace(/\n+$/, '');
    if (raw.split('\n').filter((line) => !/^ {0,3}>/.test(line)).length > LIMITS.lazy) return { type: 'plain', raw, text: raw };
    return super.blockquote(src);
  }

  /** @param {string} src */
  tag(src) {
    const found = this.rules.inline.tag.exec(src);
    return found ? { type: 'html', raw: found[0], text: found[0] } : undefined;
  }
}

class LimitedLexer extends Lexer {
  blockDepth = 0;
  inlineDepth = 0;

  /** @param {string} src @param {Token[]} [tokens] @param {boolean} [isClipped] */
  blockTokens(src, tokens = [], isClipped = false) {
    if (this.blockDepth >= LIMITS.blockDepth) {
      tokens.push({ type: 'plain', raw: src, text: src });
      this.state.top = true;
      return tokens;
    }
    this.blockDepth += 1;
    super.blockTokens(src, tokens, isClipped);
    this.blockDepth -= 1;
    return tokens;
  }

  /** @param {string} src @param {Token[]} [tokens] */
  inlineTokens(src, tokens = []) {
    if (this.inlineDepth >= LIMITS.inlineDepth || isTooMuch(src)) {
      if (src) tokens.push({ type: 'raw', raw: src, text: src });
      return tokens;
    }
    this.inlineDepth += 1;
    super.inlineTokens(src, tokens);
    this.inlineDepth -= 1;
    return tokens;
  }
}

/** Whether a run of text would cost more than it is worth. @param {string} src */
function isTooMuch(src) {
  if (src.length > LIMITS.inline) return true;
  if (src.length <= LIMITS.marks) return false;
  MARKS.lastIndex = 0;
  let count = 0;
  while (MARKS.test(src)) if (++count > LIMITS.marks) return true;
  return false;
}

/** Whether a formula would be nothing but money or names: `$5 and $6`, `US$3`, `$HOME:$PATH`. */
const DOLLAR = /^\$(?![\s$])((?:[^$\\\n]|\\[^\n])+?)\$(?![\w$])/;

/** @param {string} src @param {Token[]} before */
function inlineMath(src, before) {
  const first = src.charCodeAt(0);
  if (first === 36) {
    if (src.charCodeAt(1) === 36) return between(src, '$$', '$$', true);
    const found = DOLLAR.exec(src.slice(0, 400));
    if (!found || /\s$/.test(found[1]) || /[\w$\\]$/.test(before.at(-1)?.raw ?? '')) return undefined;
    return { type: 'math', raw: found[0], text: found[1], isDisplay: false };
  }
  if (first !== 92) return undefined;
  if (src.charCodeAt(1) === 40) return between(src, '\\(', '\\)', false);
  if (src.charCodeAt(1) === 91) return between(src, '\\[', '\\]', true);
  return undefined;
}

/** @param {string} src @param {string} open @param {string} close @param {boolean} isDisplay */
function between(src, open, close, isDisplay) {
  const end = src.slice(0, LIMITS.math).indexOf(close, open.length);
  if (end < 0) return undefined;
  const text = src.slice(open.length, end);
  if (!text.trim() || /\n[ \t]*\n/.test(text)) return undefined;
  return { type: 'math', raw: src.slice(0, end + close.length), text: text.trim(), isDisplay };
}

const MATH_OPEN = /^ {0,3}(\$\$|\\\[)[ \t]*\n/;

/** A formula on lines of its own; one that is not closed yet is a block too, so that nothing in it becomes a list. @param {string} src */
function blockMath(src) {
  const found = MATH_OPEN.exec(src);
  if (!found) return undefined;
  const blank = /\n[ \t]*\n/.exec(src.slice(0, LIMITS.math));
  const room = src.slice(0, blank ? blank.index + 1 : LIMITS.math);
  const close = found[1] === '$$' ? /^ {0,3}\$\$[ \t]*(?:\n|$)/m : /^ {0,3}\\\][ \t]*(?:\n|$)/m;
  const rest = room.slice(found[0].length);
  const end = close.exec(rest);
  if (end) {
    const raw = room.slice(0, found[0].length + end.index + end[0].length);
    return { type: 'math', raw, text: rest.slice(0, end.index).trim(), isDisplay: true, isBlock: true };
  }
  return blank || src.length > LIMITS.math ? undefined : { type: 'plain', raw: src, text: src.replace(/\n+$/, '') };
}

const FOOTNOTE = /^ {0,3}\[\^([^\]\s]{1,60})\]:[ \t]*([^\n]*(?:\n(?![ \t]*\n| {0,3}\[\^)[^\n]+)*)(?:\n|$)/;

/** @this {{lexer: LimitedLexer}} @param {string} src */
function footnote(src) {
  const found = FOOTNOTE.exec(src);
  if (!found) return undefined;
  return { type: 'footnote', raw: found[0], label: found[1], text: found[2], tokens: this.lexer.inline(found[2]) };
}

const FOOTNOTE_SIGN = /^\[\^([^\]\s]{1,60})\]/;

/** @param {string} src */
function footnoteSign(src) {
  const found = src.charCodeAt(0) === 91 && FOOTNOTE_SIGN.exec(src);
  return found ? { type: 'footnote_sign', raw: found[0], text: found[1] } : undefined;
}

const DATA_IMAGE = /^ {0,3}!\[([^\]\n]{0,300})\]\((data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+)\)[ \t]*(?:\n|$)/;

/** An image that is its own text, on a line of its own: too long for the rules of paragraphs. @param {string} src */
function dataImage(src) {
  const found = DATA_IMAGE.exec(src);
  return found ? { type: 'data_image', raw: found[0], text: found[1], href: found[2] } : undefined;
}

/** Hides formulas from emphasis; the length stays. @param {string} text */
function maskMath(text) {
  if (!text.includes('$')) return text;
  return text.replace(/\$[^$\n]{1,400}\$/g, (formula) => `[${'a'.repeat(formula.length - 2)}]`);
}

const options = {
  async: false,
  breaks: false,
  gfm: true,
  pedantic: false,
  silent: true,
  hooks: { emStrongMask: maskMath },
  renderer: null,
  walkTokens: null,
  tokenizer: new PlainTokenizer(),
  extensions: {
    block: [
      function (/** @type {string} */ src) {
        const first = src.trimStart().charCodeAt(0);
        if (first === 36 || first === 92) return blockMath(src);
        if (first === 91) return footnote.call(this, src);
        return first === 33 ? dataImage(src) : undefined;
      },
    ],
    inline: [(/** @type {string} */ src, /** @type {Token[]} */ before) => inlineMath(src, before) ?? footnoteSign(src)],
    startInline: [(/** @type {string} */ src) => src.indexOf('$')],
    renderers: {},
    childTokens: {},
  },
};

/**
 * The blocks of a text.
 * @param {string} src with `\n` at the ends of lines
 * @param {Links} [links] definitions known so far; new ones are added
 * @returns {Token[]}
 */
function lex(src, links = noLinks()) {
  const lexer = new LimitedLexer(options);
  lexer.tokens.links = links;
  try {
    return lexer.lex(src);
  } catch {
    // A text the lexer gives up on is still a text.
    return [{ type: 'plain', raw: src, text: src }];
  }
}

/** @returns {Links} */
function noLinks() {
  return Object.create(null);
}

/** @param {Links} links @returns {Links} */
function copyLinks(links) {
  return Object.assign(noLinks(), links);
}

const FENCE = /^ {0,3}(`{3,}(?=[^`\n]*$)|~{3,})([^\n]*)$/;

/**
 * What opens with this line, if a code block does.
 * @param {string} line without its end
 * @returns {{close: RegExp, indent: number, lang: string}|null}
 */
function fenceOf(line) {
  const found = FENCE.exec(line);
  if (!found) return null;
  const sign = found[1][0];
  const indent = sign === '`' ? line.search(/\S/) : 0;
  return { close: new RegExp(`^ {0,3}${found[1]}${sign}* *$`), indent, lang: found[2].trim().replace(/\\([!-/:-@[-`{-~])/g, '$1') };
}

/** A line of code without the indentation of its fence. @param {string} line @param {number} indent */
function dedent(line, indent) {
  if (!indent) return line;
  const own = /^\s+/.exec(line);
  return own ? line.slice(Math.min(own[0].length, indent)) : line;
}

/** Whether a token is shown at all. @param {Token} token */
function isShown(token) {
  return token.type !== 'space' && token.type !== 'def';
}

export { copyLinks, dedent, fenceOf, isShown, lex, LIMITS, noLinks };
