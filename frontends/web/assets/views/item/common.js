/** What all views of items share: signs, what a call is about, what it said, and text made visible. Pure but for elements. */
import { html } from '../../lib/dom.js';
import { words } from '../../strings/item.js';

/** The sign of a tier, as text and never as a picture. @type {Record<string, string>} */
const TIER_SIGNS = { read: '○', write: '✎\ufe0e', execute: '▶\ufe0e', destructive: '⚠\ufe0e' };

/** @type {Record<string, string>} */
const STATUS_SIGNS = { pending: '…', running: '…', completed: '✓', failed: '✗', denied: '✗', interrupted: '■' };

/** Arguments that usually say best what a call is about, in this order; the same as in the terminal. */
const TELLING = ['path', 'command', 'pattern', 'query', 'url', 'title', 'name', 'prompt', 'question', 'id'];

/** Signs that are not seen or change how others are seen; the same as in the terminal. */
const DECEIVING =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

/**
 * A text with everything visible that could deceive: a list of plain pieces and of code points that are named.
 * @param {string} text
 * @returns {(string | {code: string})[]}
 */
function revealed(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(DECEIVING)) {
    if (found.index > from) parts.push(text.slice(from, found.index));
    parts.push({ code: found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, '0') });
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** A text to decide by: hidden signs stand there by their number. @param {{text: string}} props */
function Revealed({ text }) {
  return revealed(text).map((part, at) =>
    typeof part === 'string' ? part : html`<span key=${at} class="item-hidden-sign" title=${`U+${part.code}`}>U+${part.code}</span>`,
  );
}

/** One line of plain text in which nothing deceives. @param {string} text */
function revealedLine(text) {
  return revealed(text.replaceAll('\t', ' ')).map((part) => (typeof part === 'string' ? part : `U+${part.code}`)).join('');
}

/** @param {string} text */
function firstLine(text) {
  return text.trimStart().split('\n', 1)[0].slice(0, 400);
}

/**
 * What an effect is, beside the tool's name: where it is a call with its arguments, without that.
 * @param {string} tool
 * @param {string} effect
 */
function about(tool, effect) {
  return effect.startsWith(`${tool} {`) ? effect.slice(tool.length + 1) : effect;
}

/** A text of a result without the tags that tell the model that it came from outside. @param {string} text */
function unframed(text) {
  return /^<untrusted from="[^\n]*\n([^]*)\n<\/untrusted>$/.exec(text)?.[1] ?? text;
}

/** What a call is about, in one line. @param {any} call */
function subject(call) {
  const decided = call.decisions?.at(-1);
  if (decided) return revealedLine(firstLine(about(call.tool, decided.effect)));
  const given = call.arguments;
  if (!given || typeof given !== 'object' || Array.isArray(given)) return '';
  const named = TELLING.map((name) => given[name]).find((value) => typeof value === 'string');
  return revealedLine(firstLine(named ?? Object.values(given).find((value) => typeof value === 'string') ?? ''));
}

/** Text without the control sequences of a terminal. @param {string} text */
function clean(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\u001b(?:\[[ -?]*[@-~]|[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g, '').replace(/[^\n]*\r(?!\n|$)/g, '').replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '');
}

/** The text of a result. @param {any} call */
function resultText(call) {
  const parts = (call.result?.content ?? []).map((part) => {
    if (part.type === 'text') return clean(unframed(part.text));
    if (part.type === 'json') return JSON.stringify(part.value, null, 2);
    if (part.type === 'diff') return clean(part.unified);
    return `[${part.media_type}]`;
  });
  return parts.join('\n');
}

/** Lines that a call added and removed; none if it changed nothing. @param {any} call */
function changes(call) {
  const diffs = (call.result?.content ?? []).filter(({ type }) => type === 'diff');
  if (diffs.length === 0) return null;
  return { added: diffs.reduce((sum, { added }) => sum + added, 0), removed: diffs.reduce((sum, { removed }) => sum + removed, 0) };
}

/** The status of a call in a word. @param {any} item */
function statusWord(item) {
  const isUnanswered = item.status === 'denied' && item.body.decisions?.some(({ resolution }) => resolution.resolution === 'not_answered');
  return words.tool.status[isUnanswered ? 'unanswered' : item.status];
}

/** How a person or a rule let it pass, in words; nothing where nothing had to be decided. @param {any} call */
function allowance(call) {
  const decided = call.decisions?.findLast(({ by }) => !['policy', 'call', 'nobody'].includes(by));
  if (decided?.resolution.resolution !== 'allowed') return '';
  return decided.by === 'rule' ? words.tool.byRule : words.tool.scopes[decided.resolution.scope];
}

/** Whether bytes are an image we show: raster formats only, as a `data:` address. @param {{media_type: string, data: string}} image */
function imageAddress({ media_type: type, data }) {
  const isFine = /^image\/(?:png|jpeg|gif|webp)$/.test(type) && /^[A-Za-z0-9+/]+=*$/.test(data);
  return isFine ? `data:${type};base64,${data}` : '';
}

/** How long it waits before a part of the page is asked for again, milliseconds. */
const AGAIN = 1000;

/**
 * Loads a part of the page, again and again where the server is away.
 * @template T
 * @param {() => Promise<T>} load @param {(module: T) => void} done
 * @returns {() => void} stops
 */
function loading(load, done) {
  let timer = 0;
  let isOver = false;
  const attempt = () =>
    load().then(
      (module) => isOver || done(module),
      () => {
        if (!isOver) timer = setTimeout(attempt, AGAIN);
      },
    );
  void attempt();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

export { about, allowance, changes, clean, imageAddress, loading, resultText, Revealed, revealedLine, STATUS_SIGNS, statusWord, subject, TIER_SIGNS };
