/**
 * Colors of code: asks the worker, and puts its answer onto the page if the code still begins with what was asked.
 *
 * The page only makes spans with classes of ours around text that stands there already. Code that is too long, of an
 * unknown language or too slow stays plain.
 */
import { CHUNK_LINES, codeOf, make, MAX_LINE } from './markdown/nodes.js';
import { workerUrl } from './trusted.js';

/** Characters of code that are colored. */
const MOST = 60_000;
/** How long one block may take, milliseconds: its language's rules are stuck after that. */
const PATIENCE = 4000;
/** Answers kept, for blocks that are shown again; by characters of their code. */
const KEPT = 600_000;
/** Milliseconds of a frame for painting. */
const SLICE = 5;
/** Time between two looks at code that grows, milliseconds. */
const GROWING = 500;
const MOST_GROWING = 16_000;

const SCOPES = new Set(
  'addition attr attribute built bullet char class code comment deletion doctag emphasis formula function keyword link literal meta name number operator params property punctuation quote regexp section selector string strong subst symbol tag template title type variable'.split(' '),
);

/** @type {Worker|null} */
let worker = null;
let nextId = 1;
/** @type {{code: HTMLElement, lang: string, text: string, isLast: boolean}[]} */
const waiting = [];
/** @type {{id: number, key: string, job: typeof waiting[0], timer: number}|null} */
let current = null;
/** @type {Map<string, {scopes: string[], runs: number[], size: number}>} oldest first */
const kept = new Map();
let keptSize = 0;
/** @type {Set<string>} */
const refused = new Set();
/** @type {(() => void)[]} */
const paints = [];
/** @type {WeakMap<Node, {at: number, painted: number}>} */
const states = new WeakMap();

/**
 * Colors the code in a part of the page.
 * @param {HTMLElement} node
 * @param {boolean} [isGrowing] more lines come; it is looked at now and then
 */
function highlightIn(node, isGrowing = false) {
  for (const code of node.querySelectorAll('.md-code code')) highlightCode(/** @type {HTMLElement} */ (code), isGrowing);
}

/** @param {HTMLElement} code @param {boolean} isGrowing */
function highlightCode(code, isGrowing) {
  const state = states.get(code) ?? { at: 0, painted: 0 };
  states.set(code, state);
  const now = performance.now();
  if (isGrowing && now - state.at < GROWING) return;
  state.at = now;
  const { lang, text } = codeOf(code) ?? { lang: '', text: '' };
  const isTooLong = text.length > (isGrowing ? MOST_GROWING : MOST) || text.split('\n').some((line) => line.length > MAX_LINE);
  if (!lang || !text || isTooLong || refused.has(lang)) return;
  const key = `${lang}\n${text}`;
  const known = kept.get(key);
  if (known) {
    paint({ code, lang, text, isLast: !isGrowing }, known);
    return;
  }
  const at = waiting.findIndex((one) => one.code === code);
  if (at >= 0) waiting.splice(at, 1);
  waiting.push({ code, lang, text, isLast: !isGrowing });
  ask();
}

function ask() {
  if (current || waiting.length === 0) return;
  const job = waiting.shift();
  const id = nextId++;
  worker ??= start();
  current = { id, key: `${job.lang}\n${job.text}`, job, timer: setTimeout(giveUp, PATIENCE) };
  worker.postMessage({ id, lang: job.lang, text: job.text });
}

function start() {
  const made = new Worker(workerUrl('highlight-worker.js'), { type: 'module' });
  made.addEventListener('message', ({ data }) => answered(data));
  made.addEventListener('error', giveUp);
  return made;
}

/** @param {{id: number, scopes: string[], runs: number[]}} answer */
function answered({ id, scopes, runs }) {
  if (current?.id !== id) return;
  const { key, job, timer } = current;
  clearTimeout(timer);
  current = null;
  if (runs.length === 0) refused.add(job.lang);
  else {
    const known = { scopes: scopes.map((name) => (SCOPES.has(name) ? name : '')), runs, size: key.length };
    if (job.isLast) keep(key, known);
    paint(job, known);
  }
  ask();
}

/** The worker is stuck or gone: another one takes the rest. */
function giveUp() {
  worker?.terminate();
  worker = null;
  if (!current) return;
  clearTimeout(current.timer);
  refused.add(current.job.lang);
  current = null;
  ask();
}

/** @param {string} key @param {{scopes: string[], runs: number[], size: number}} known */
function keep(key, known) {
  kept.set(key, known);
  keptSize += known.size;
  for (const [old, { size }] of kept) {
    if (keptSize <= KEPT) break;
    kept.delete(old);
    keptSize -= size;
  }
}

/** @param {typeof waiting[0]} job @param {{scopes: string[], runs: number[]}} known */
function paint(job, known) {
  paints.push(() => paintNow(job, known));
  if (paints.length === 1) requestAnimationFrame(paintSome);
}

function paintSome() {
  const end = performance.now() + SLICE;
  while (paints.length && performance.now() < end) paints.shift()();
  if (paints.length) requestAnimationFrame(paintSome);
}

/** @param {typeof waiting[0]} job @param {{scopes: string[], runs: number[]}} known */
function paintNow({ code, text, isLast }, { scopes, runs }) {
  const own = codeOf(code)?.text ?? '';
  const isWhole = own === text;
  if (!isWhole && (isLast || !own.startsWith(`${text}\n`))) return;
  const state = states.get(code);
  const lines = `${text}\n`.split('\n').length - 1;
  const first = isLast ? 0 : Math.floor(state.painted / CHUNK_LINES);
  const parts = chunksOf(text, scopes, runs);
  for (let at = first; at < parts.length; at++) {
    const chunk = code.childNodes[at];
    const rest = own.split('\n').slice(lines, (at + 1) * CHUNK_LINES);
    const isLastPart = at === parts.length - 1 && rest.length > 0;
    chunk.replaceChildren(...parts[at], ...(isLastPart ? [document.createTextNode(`${rest.join('\n')}\n`)] : []));
  }
  state.painted = lines;
}

/** Spans of code, cut where the elements of the page are cut. @param {string} text @param {string[]} scopes @param {number[]} runs */
function chunksOf(text, scopes, runs) {
  /** @type {Node[][]} */
  const parts = [[]];
  let line = 0;
  let at = 0;
  const put = (piece, scope) => {
    const name = scope ? scopes[scope - 1] : '';
    parts.at(-1).push(name ? make('span', `hl-${name}`, piece) : document.createTextNode(piece));
  };
  const all = `${text}\n`;
  for (let index = 0; index <= runs.length; index += 2) {
    const end = index < runs.length ? at + runs[index] : all.length;
    const scope = runs[index + 1] ?? 0;
    let from = at;
    for (let next = all.indexOf('\n', from); next >= 0 && next < end; next = all.indexOf('\n', next + 1)) {
      line += 1;
      if (line % CHUNK_LINES !== 0) continue;
      put(all.slice(from, next + 1), scope);
      from = next + 1;
      if (from < all.length) parts.push([]);
    }
    if (from < end) put(all.slice(from, end), scope);
    at = end;
  }
  return parts;
}

export { highlightIn };
