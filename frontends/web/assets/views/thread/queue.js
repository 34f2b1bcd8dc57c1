/** What waits behind the running turn: changed, moved, taken back, or sent at once. */
import { called, isWords, wordsIn } from '../../lib/conversation/skills.js';
import { classes, h, html, signal, useLayoutEffect, useRef, useState } from '../../lib/dom.js';
import { Icon } from '../../lib/icons.js';
import { words } from '../../strings/thread.js';
import { pref, save } from '../../lib/prefs.js';

const say = words.queue;
/** The input that is dragged. */
const dragged = signal('');

/** The words of an input, in one line. @param {any[]} input */
function inputLine(input) {
  const parts = input.map((part) => (isWords(part) ? wordsIn(part) : part.type === 'image' ? `[${say.image}]` : '')).filter(Boolean);
  return parts.join(' ').replace(/\s+/g, ' ').trim();
}

/** @param {{session: any}} props */
export function Queue({ session }) {
  const queue = session.conversation.queue.value;
  const folded = pref('queue-folded', false);
  const section = useRef(/** @type {HTMLElement|null} */ (null));
  const held = useKeptFocus(section);
  if (!queue.length) return null;
  const isFolded = folded.value;
  return html`<section ref=${section} class="thread-queue" data-testid="queue" aria-label=${say.label} onFocusIn=${held.take} onFocusOut=${held.drop}>
    <button class="thread-queue-title" aria-expanded=${String(!isFolded)} onClick=${() => save('queue-folded', !isFolded)}>
      ${h(Icon, { name: isFolded ? 'right' : 'down' })}<span>${say.title(queue.length)}</span></button>
    ${!isFolded && html`<ol>${queue.map((one, at) => h(Waiting, { key: one.turn, one, at, queue, session }))}</ol>`}
  </section>`;
}

/** An entry that is moved loses the focus in some browsers; it gets it back where it stands now. @param {{current: HTMLElement|null}} section */
function useKeptFocus(section) {
  const held = useRef(/** @type {{turn: string, label: string}|null} */ (null));
  useLayoutEffect(() => {
    const drop = () => (held.current = null);
    document.addEventListener('pointerdown', drop, true);
    return () => document.removeEventListener('pointerdown', drop, true);
  }, []);
  useLayoutEffect(() => {
    const active = /** @type {any} */ (document.activeElement);
    if (!held.current || (active !== document.body && !active?.disabled)) return;
    const { turn, label } = held.current;
    const buttons = [...(section.current?.querySelectorAll('button') ?? [])].filter((one) => /** @type {HTMLElement|null} */ (one.closest('li'))?.dataset.turn === turn && !one.disabled);
    (buttons.find((one) => one.ariaLabel === label) ?? buttons[0])?.focus();
  });
  return {
    take: (/** @type {FocusEvent} */ { target }) => {
      const entry = /** @type {HTMLElement} */ (target).closest('li');
      held.current = entry ? { turn: entry.dataset.turn ?? '', label: /** @type {HTMLElement} */ (target).ariaLabel ?? '' } : null;
    },
    drop: (/** @type {FocusEvent} */ { relatedTarget }) => {
      if (relatedTarget) held.current = null;
    },
  };
}

/** @param {{one: any, at: number, queue: any[], session: any}} props */
function Waiting({ one, at, queue, session }) {
  const { conversation } = session;
  const [isOver, setOver] = useState(false);
  const text = inputLine(one.input);
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  const run = (/** @type {() => Promise<unknown>} */ wish) => () => session.attempt(wish);
  const up = run(() => conversation.reorder(one.turn, queue[at - 1].turn));
  const down = run(() => conversation.reorder(one.turn, queue[at + 2]?.turn ?? null));
  const remove = () => {
    const next = queue[at + 1] ?? queue[at - 1];
    void session.attempt(() => conversation.unqueue(one.turn)).then(() => (next ? focusOf(next.turn) : session.focusComposer()));
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.altKey && event.key === 'ArrowUp' && at > 0) void up().then(() => focusOf(one.turn));
    else if (event.altKey && event.key === 'ArrowDown' && at < queue.length - 1) void down().then(() => focusOf(one.turn));
    else return;
    event.preventDefault();
  };
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(false);
    const moved = dragged.value;
    if (moved && moved !== one.turn) void session.attempt(() => conversation.reorder(moved, one.turn));
  };
  const button = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => unknown} */ act, isOff = false) =>
    html`<button class="icon-button" aria-label=${label} title=${label} disabled=${isOff} onClick=${act}>${h(Icon, { name })}</button>`;
  if (session.editing.value === one.turn) return h(WaitingEdit, { one, session });
  return html`<li class=${classes('thread-waiting', isOver && 'is-over', one.is_held && 'is-held')} data-turn=${one.turn} draggable="true" onKeyDown=${keys}
    onDragStart=${(/** @type {DragEvent} */ event) => {
      dragged.value = one.turn;
      event.dataTransfer?.setData('text/plain', text);
    }}
    onDragEnd=${() => (dragged.value = '')}
    onDragOver=${(/** @type {DragEvent} */ event) => {
      if (!dragged.value || dragged.value === one.turn) return;
      event.preventDefault();
      setOver(true);
    }}
    onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <span class="thread-waiting-text">${text}${one.is_held && html` <em>${say.held}</em>`}</span>
    <span class="thread-waiting-tools">
      ${!one.is_held && button('edit', say.edit(short), () => (session.editing.value = one.turn))}
      ${!one.is_held && button('up', say.up(short), up, at === 0)} ${!one.is_held && button('down', say.down(short), down, at === queue.length - 1)}
      ${one.is_held
        ? html`<button class="button thread-small" aria-label=${say.release(short)} onClick=${run(() => conversation.release(one.turn, session.options()))}>${say.releaseShort}</button>`
        : html`<button class="button thread-small" aria-label=${say.now(short)} onClick=${run(() => conversation.runNow(one.turn))}>${say.nowShort}</button>`}
      ${button('close', say.remove(short), remove)}
    </span>
  </li>`;
}

/** The words of waiting input while they are changed; Enter keeps them, Escape leaves them. @param {{one: any, session: any}} props */
function WaitingEdit({ one, session }) {
  const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  const first = one.input.findIndex(isWords);
  const was = first < 0 ? '' : wordsIn(one.input[first]);
  useLayoutEffect(() => {
    const element = /** @type {HTMLTextAreaElement} */ (field.current);
    element.value = was;
    element.focus();
    element.setSelectionRange(was.length, was.length);
  }, []);
  const end = () => {
    session.editing.value = '';
    focusOf(one.turn);
  };
  const save = async () => {
    const text = field.current?.value.trim() ?? '';
    const [said] = await called([{ type: 'text', text }], session.conversation.view.peek()?.workspace ?? '');
    const input = first < 0 ? [said, ...one.input] : one.input.map((/** @type {any} */ part, /** @type {number} */ at) => (at === first ? said : part));
    if (!text && one.input.length < 2) return;
    if (text !== was && (await session.attempt(() => session.conversation.reword(one.turn, input))) === null) return;
    end();
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) void save();
    else if (event.key === 'Escape') end();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<li class="thread-waiting" data-turn=${one.turn}>
    <textarea ref=${field} class="input thread-edit" rows="2" aria-label=${say.field} onKeyDown=${keys}></textarea>
    <span class="thread-waiting-tools"><button class="button button-primary thread-small" onClick=${save}>${say.save}</button>
      <button class="button thread-small" onClick=${end}>${say.cancel}</button></span>
  </li>`;
}

/** Gives the focus back to an entry that moved. @param {string} turn */
function focusOf(turn) {
  requestAnimationFrame(() => /** @type {HTMLElement|null} */ (document.querySelector(`[data-testid="queue"] [data-turn="${CSS.escape(turn)}"] button:not(:disabled)`))?.focus());
}
