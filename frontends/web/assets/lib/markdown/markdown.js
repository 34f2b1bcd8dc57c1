/**
 * Markdown in a view: an element that belongs to the renderer alone, fed as the text grows and no faster than the page
 * can follow. Colors and formulas are loaded when there is something to color or to draw.
 */
import { copyText } from '../copy.js';
import { polite } from '../announce.js';
import { h, useEffect, useLayoutEffect, useRef } from '../dom.js';
import { go } from '../router.js';
import { words } from '../../strings/item.js';
import { codeOf } from './nodes.js';
import { MarkdownStream } from './stream.js';

/** Longer texts are shown over several frames. */
const AT_ONCE = 48_000;
/** What is added to a text and is no longer is shown in the picture that it comes with. */
const SHORT = 2_000;
/** The shortest time between two frames, and how many times its own length a frame is paid back, milliseconds. */
const PAUSE = 16;
const SHARE = 4;
/** When nothing has come for so long, a long end is shown as it is, milliseconds. */
const QUIET = 300;

/** Lines of code and of text that make a block long, and signs in a line of text, about. */
const FAR_CODE = 24;
const FAR_TEXT = 8;
const SIGNS = 84;

const say = words.markdown;

/** A text on its way to the page. */
class MarkdownView {
  #root;
  #stream;
  #isStreaming = false;
  #isWaiting = false;
  #isEnded = false;
  #due = 0;
  #quiet = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#begin();
  }

  #begin() {
    this.#root.replaceChildren();
    this.#stream = new MarkdownStream(this.#root, { settle });
  }

  /** @param {string} text all of it so far @param {boolean} isStreaming */
  show(text, isStreaming) {
    const known = this.#stream.source;
    const isMore = text.length > known.length + this.#stream.left;
    if (!text.startsWith(known) || (this.#stream.isFinished && (isMore || isStreaming))) this.#begin();
    const rest = text.slice(this.#stream.source.length + this.#stream.left);
    if (rest) this.#stream.push(rest);
    this.#isStreaming = isStreaming;
    if (!isStreaming && rest.length <= AT_ONCE) this.#finish();
    else if (rest.length <= SHORT && !this.#isWaiting && this.#due <= performance.now() + PAUSE) this.#frame();
    else this.#wait();
  }

  end() {
    this.#isEnded = true;
    clearTimeout(this.#quiet);
  }

  #finish() {
    if (this.#stream.isFinished) return;
    this.#stream.finish();
    const { left } = this.#stream;
    if (left > 0) this.#root.append(Object.assign(document.createElement('p'), { className: 'md-plain', textContent: say.left(left) }));
  }

  #wait() {
    if (this.#isWaiting || this.#stream.isFinished) return;
    this.#isWaiting = true;
    const pause = this.#due - performance.now();
    const frame = () => requestAnimationFrame(() => this.#frame());
    if (pause > PAUSE) setTimeout(frame, pause - PAUSE);
    else frame();
  }

  #frame() {
    this.#isWaiting = false;
    if (this.#isEnded || this.#stream.isFinished) return;
    const began = performance.now();
    const hasMore = this.#stream.step();
    afterPaint(() => {
      const now = performance.now();
      this.#due = now + Math.max(PAUSE, SHARE * (now - began));
      if (hasMore) this.#wait();
      else if (!this.#isStreaming && !this.#stream.isFinished) this.#finish();
    });
    clearTimeout(this.#quiet);
    if (this.#stream.isBehind) this.#quiet = setTimeout(() => this.#isEnded || this.#stream.step(true), QUIET);
  }
}

const channel = new MessageChannel();
/** @type {(() => void)[]} */
const tasks = [];
channel.port1.onmessage = () => tasks.shift()?.();

/** What a frame costs is known when the browser has drawn it. @param {() => void} task */
function afterPaint(task) {
  tasks.push(task);
  channel.port2.postMessage(null);
}

/** Whether formulas can be drawn at once, which they can be while a text grows. @type {((node: HTMLElement) => void)|null} */
let draw = null;

/** @param {HTMLElement} node @param {import('./parts.js').State} state */
function settle(node, state) {
  const hasMath = node.className.startsWith('md-math') || node.querySelector('.md-math');
  if (hasMath && draw) draw(node);
  if (state === 'live') return;
  if (state === 'frozen') setFar(node);
  if (hasMath && !draw) {
    void import('../math.js').then(({ drawMath }) => {
      draw = drawMath;
      drawMath(node);
    });
  }
  const hasCode = node.className.startsWith('md-code') || node.querySelector('.md-code');
  if (hasCode) void import('../highlight.js').then(({ highlightIn }) => highlightIn(node, state === 'growing'));
}

/** Long blocks are not laid out while they are out of sight. @param {HTMLElement} node */
function setFar(node) {
  const code = node.className === 'md-code' ? codeOf(node.querySelector('code')) : null;
  const lines = code ? code.lines : node.nodeName === 'P' ? Math.ceil(node.textContent.length / SIGNS) : 0;
  if (lines < (code ? FAR_CODE : FAR_TEXT)) return;
  node.style.setProperty('--lines', String(lines));
  node.classList.add('md-far');
}

/** @param {MouseEvent} event */
async function onClick(event) {
  const target = /** @type {Element} */ (event.target).closest('button, a');
  if (!target) return;
  if (target.classList.contains('md-code-copy')) await copyCode(target);
  else if (target.classList.contains('md-code-wrap')) {
    const isWrapped = target.closest('.md-code').classList.toggle('is-wrapped');
    target.setAttribute('aria-pressed', String(isWrapped));
  } else if (target.tagName === 'A' && target.getAttribute('href')?.startsWith('/') && isPlain(event)) {
    event.preventDefault();
    await go(target.getAttribute('href'));
  }
}

/** @param {MouseEvent} event */
function isPlain(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/** @param {Element} button */
async function copyCode(button) {
  const code = button.closest('.md-code').querySelector('code');
  const did = await copyText(codeOf(code)?.text ?? code.textContent);
  polite(did ? say.copied : say.copyFailed);
  button.textContent = did ? say.copied : say.copy;
  setTimeout(() => {
    button.textContent = say.copy;
  }, 2000);
}

/**
 * A Markdown text.
 * @param {{text: string, isStreaming?: boolean, id?: string, class?: string}} props `id` names the text: another one begins anew
 */
function Markdown({ text, isStreaming = false, id = '', class: more = '' }) {
  const root = useRef(/** @type {HTMLElement|null} */ (null));
  const view = useRef(/** @type {MarkdownView|null} */ (null));
  useLayoutEffect(() => {
    view.current = new MarkdownView(root.current);
    return () => view.current.end();
  }, [id]);
  useLayoutEffect(() => view.current.show(text, isStreaming), [text, isStreaming, id]);
  useEffect(() => {
    const element = root.current;
    element.addEventListener('click', onClick);
    return () => element.removeEventListener('click', onClick);
  }, []);
  return h('div', { ref: root, class: more ? `md ${more}` : 'md' });
}

export { Markdown, MarkdownStream };
