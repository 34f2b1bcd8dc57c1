/**
 * Where a message is written. The field is the browser's own and never rendered anew while somebody writes, so nothing
 * that happens in the page takes the focus or a letter.
 */
import { classes, h, html, signal, useEffect, useId, useLayoutEffect, useRef, useState } from '../../lib/dom.js';
import { called, isWords, wordsIn } from '../../lib/conversation/skills.js';
import { wordsOf } from '../../lib/conversation/wishes.js';
import { assertive, polite } from '../../lib/announce.js';
import { problemOf } from '../../lib/api.js';
import { Icon } from '../../lib/icons.js';
import { draft } from '../../lib/prefs.js';
import { toast } from '../../lib/toast.js';
import { words } from '../../strings/thread.js';
import { isNarrow } from '../shell-keys.js';
import { ComposerBar, MoreMenu } from './composer-bar.js';
import { ComposerMenu, EditNote } from './later.js';
import { Problem } from './problem.js';
import { triggerAt, useChoices } from './trigger.js';

const say = words.composer;
/** A pause in typing before the draft is kept, milliseconds. */
const KEEP = 250;
const MAX_HEIGHT = 0.4;
/** Whether the browser fits the field to its text. */
const growsItself = globalThis.CSS?.supports?.('field-sizing', 'content') ?? false;

/** What is attached to messages that are not sent, by conversation. @type {Map<string, import('../../lib/dom.js').Signal<any[]>>} */
const attachments = new Map();

/** @param {string} id */
function attachedTo(id) {
  if (!attachments.has(id)) attachments.set(id, signal([]));
  return /** @type {any} */ (attachments.get(id));
}

/**
 * @typedef {object} ComposerDoors
 * @property {string} id whose draft it is
 * @property {() => string} workspace
 * @property {import('../../lib/conversation/choices.js').Choices} choices
 * @property {(input: any[], options: object, how: {isNow: boolean}) => Promise<unknown>} submit
 * @property {() => import('./composer-menu.js').Choice[]} actions
 * @property {(name: string) => void} tag
 */

/** @param {{doors: ComposerDoors, session?: any, isStopping?: boolean, stop?: () => void}} props */
export function Composer({ doors, session = null, isStopping = false, stop }) {
  const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  const attached = attachedTo(doors.id);
  const [hasText, setHasText] = useState(draft.load(doors.id) !== '');
  const [trigger, setTrigger] = useState(/** @type {any} */ (null));
  const [at, setAt] = useState(0);
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const [isOver, setOver] = useState(false);
  const [undoing, setUndoing] = useState(false);
  const timer = useRef(0);
  /** What was being written when a sent message was taken up to be edited. */
  const aside = useRef(/** @type {string|null} */ (null));
  /** Whose words the field holds now; a failed send may come back later. */
  const shown = useRef(doors.id);
  const menuId = useId();
  const conversation = session?.conversation;
  const isRunning = Boolean(conversation?.view.value?.running);
  const edit = session?.edit.value ?? null;
  const found = useChoices(trigger, { workspace: doors.workspace(), actions: doors.actions, tags: doors.tag });
  const text = () => field.current?.value ?? '';

  const grow = () => {
    if (growsItself) return;
    const element = /** @type {HTMLTextAreaElement} */ (field.current);
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight + 2, innerHeight * MAX_HEIGHT)}px`;
    session?.viewport.settle();
  };
  const keepAs = (/** @type {string} */ id) => {
    clearTimeout(timer.current);
    draft.save(id, session?.edit.peek() ? (aside.current ?? '') : text());
  };
  const keep = () => keepAs(doors.id);
  const changed = () => {
    grow();
    setHasText(text().trim() !== '');
    const element = /** @type {HTMLTextAreaElement} */ (field.current);
    const next = element.selectionStart === element.selectionEnd ? triggerAt(text(), element.selectionStart) : null;
    setTrigger(next);
    setAt(0);
    clearTimeout(timer.current);
    timer.current = setTimeout(keep, KEEP);
  };
  const write = (/** @type {string} */ value, /** @type {number} */ caret = value.length) => {
    const element = /** @type {HTMLTextAreaElement} */ (field.current);
    element.value = value;
    element.setSelectionRange(caret, caret);
    changed();
  };

  useLayoutEffect(() => {
    const element = /** @type {HTMLTextAreaElement} */ (field.current);
    const kept = draft.load(doors.id);
    shown.current = doors.id;
    if (element.value !== kept) element.value = kept;
    setTrigger(null);
    setProblem(null);
    setHasText(element.value.trim() !== '');
    grow();
    const leaving = () => keepAs(doors.id);
    addEventListener('pagehide', leaving);
    return () => {
      leaving();
      aside.current = null;
      removeEventListener('pagehide', leaving);
    };
  }, [doors.id]);
  useEffect(() => {
    if (!session) return;
    session.focusComposer = () => field.current?.focus();
    session.suggest = (/** @type {string} */ value) => {
      write(value);
      field.current?.focus();
    };
    session.options = () => doors.choices.options();
  }, [session]);
  useEffect(() => {
    if (!edit) return;
    aside.current ??= text();
    setUndoing(false);
    write(wordsOf(edit.item).filter(isWords).map(wordsIn)[0] ?? '');
    field.current?.focus();
  }, [edit]);

  const endEdit = () => {
    session.edit.value = null;
    write(aside.current ?? '');
    aside.current = null;
  };
  const give = async (/** @type {any[]} */ written, /** @type {boolean} */ isNow) => {
    const editing = session?.edit.peek();
    const options = doors.choices.options();
    const input = await called(written, doors.workspace());
    if (!editing) return doors.submit(input, options, { isNow });
    const all = wordsOf(editing.item);
    const first = all.findIndex(isWords);
    const changed = [...input, ...all.filter((/** @type {any} */ _, /** @type {number} */ place) => place !== first)];
    return conversation.edit(editing.item.id, changed, { isUndoing: undoing, options });
  };
  const submit = async (/** @type {boolean} */ isNow = false) => {
    const written = text();
    const files = attached.value;
    if (!written.trim() && !files.length) return;
    const editing = session?.edit.peek() ?? null;
    const input = [...(written.trim() ? [{ type: 'text', text: written.trim() }] : []), ...files.map(({ part }) => part)];
    setProblem(null);
    attached.value = [];
    write('');
    keep();
    const sending = give(input, isNow);
    try {
      const wasRunning = Boolean(conversation?.view.peek()?.running);
      if (conversation) conversation.sending = sending.then(() => {}, () => {});
      await sending;
      if (editing && shown.current === doors.id) endEdit();
      if (wasRunning && !isNow) polite(words.told.queued(Math.max(1, conversation.queue.value.length)));
      else polite(words.told.sent);
      if (session && !wasRunning) session.viewport.follow();
    } catch (error) {
      // Nothing is lost: what was not sent comes back, before what was written since.
      const isHere = shown.current === doors.id;
      const since = isHere ? text() : draft.load(doors.id);
      const all = since.trim() ? `${written}\n\n${since}` : written;
      attached.value = [...files, ...attached.value];
      assertive(words.told.sendFailed(problemOf(error).message));
      if (!isHere) {
        draft.save(doors.id, all);
        toast(words.told.sendFailed(problemOf(error).message), { kind: 'error' });
        return;
      }
      write(all);
      keep();
      setProblem(problemOf(error));
    }
  };
  const add = async (/** @type {File[]} */ files) => {
    try {
      const { attach } = await import('../../lib/conversation/attach.js');
      attached.value = await attach(files, attached.value);
      setProblem(null);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const choose = (/** @type {any} */ choice) => {
    const element = /** @type {HTMLTextAreaElement} */ (field.current);
    const { from } = /** @type {any} */ (trigger);
    const behind = text().slice(element.selectionStart);
    const insert = choice.insert ? `${choice.insert}${choice.isFolder ? '' : ' '}` : '';
    write(text().slice(0, from) + insert + behind.replace(/^ /, insert.endsWith(' ') ? '' : ' ').replace(/^ $/, ''), from + insert.length);
    if (!choice.isFolder) setTrigger(null);
    element.focus();
    choice.run?.();
  };
  const open = (/** @type {string} */ sign) => {
    const element = /** @type {HTMLTextAreaElement} */ (field.current);
    const before = text().slice(0, element.selectionStart);
    const value = sign === '/' ? sign : `${before}${before && !/\s$/.test(before) ? ' ' : ''}${sign}`;
    element.focus();
    write(value + (sign === '/' ? '' : text().slice(element.selectionStart)), value.length);
  };
  const editLast = () => {
    const queued = conversation?.queue.value.filter((/** @type {any} */ one) => !one.is_held).at(-1);
    if (queued) session.editing.value = queued.turn;
    else {
      const entries = conversation?.items.value ?? [];
      const last = [...entries].reverse().find(({ item }) => item.value.body.kind === 'user_message' && item.value.origin.kind !== 'host');
      if (last) session.editSent(last.item.value);
    }
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    const list = found?.list ?? [];
    const isMenu = trigger && list.length > 0;
    if (isMenu && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) setAt((at + (event.key === 'ArrowDown' ? 1 : list.length - 1)) % list.length);
    else if (isMenu && (event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey && !event.ctrlKey && !event.metaKey) choose(list[at]);
    else if (event.key === 'Escape') {
      if (trigger) setTrigger(null);
      else if (edit) endEdit();
      else {
        // Leaves the field; the page counts this Escape, too.
        document.getElementById('main')?.focus({ preventScroll: true });
        return;
      }
    } else if (event.key === 'Enter' && !event.shiftKey && !event.altKey) void submit(event.ctrlKey || event.metaKey);
    else if (event.key === 'ArrowUp' && text() === '' && session) editLast();
    else if (['PageUp', 'PageDown'].includes(event.key) && session) page(event.key === 'PageUp');
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const page = (/** @type {boolean} */ isUp) => {
    const { viewport } = session;
    if (isUp) viewport.leave('scroll');
    viewport.scroller?.scrollBy({ top: (isUp ? -0.9 : 0.9) * viewport.scroller.clientHeight });
  };
  const paste = (/** @type {ClipboardEvent} */ event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    void add(files);
  };
  const drop = (/** @type {DragEvent} */ event) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    setOver(false);
    if (!files.length) return;
    event.preventDefault();
    void add(files);
  };
  const dragged = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    setOver(true);
  };
  const canSend = hasText || attached.value.length > 0;
  const sendLabel = isRunning ? say.queue : say.send;
  return html`<form class=${classes('thread-composer', isOver && 'is-over', isRunning && 'is-running', canSend && 'can-send')} data-testid="composer" data-of=${doors.id} aria-label=${say.label}
    onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      void submit();
    }} onDrop=${drop} onDragOver=${dragged} onDragLeave=${() => setOver(false)}>
    ${problem && h(Problem, { problem, lead: say.notSent })}
    ${edit && h(EditNote, { edit, session, undoing, setUndoing, cancel: endEdit })}
    ${attached.value.length > 0 &&
    html`<ul class="thread-attached" aria-label=${say.attachments}>${attached.value.map(
      (one) => html`<li key=${one.id}>${one.preview ? html`<img src=${one.preview} alt="" />` : h(Icon, { name: 'file' })}<span>${one.name}</span>
        <button type="button" class="icon-button" aria-label=${say.remove(one.name)} onClick=${() => {
          attached.value = attached.value.filter(({ id }) => id !== one.id);
          field.current?.focus();
        }}>✕</button></li>`,
    )}</ul>`}
    ${trigger && h(ComposerMenu, { id: menuId, sign: trigger.sign, list: found?.list ?? null, at, choose })}
    <div class="thread-write">
      ${h(MoreMenu, { doors, session, add, open })}
      <textarea ref=${field} class="thread-field" rows="1" aria-label=${say.label} placeholder=${isNarrow.value ? say.shortPlaceholder : say.placeholder} dir="auto"
        aria-autocomplete="list" aria-controls=${trigger ? menuId : undefined}
        aria-activedescendant=${trigger && found?.list.length ? `${menuId}-${at}` : undefined}
        onInput=${changed} onKeyDown=${keys} onPaste=${paste} onClick=${changed} onBlur=${() => setTrigger(null)}></textarea>
      <button class="button button-primary thread-send" disabled=${!canSend} aria-label=${sendLabel} title=${sendLabel}>${h(Icon, { name: 'send' })}</button>
      ${isRunning &&
      html`<button type="button" class="button thread-stop-button" disabled=${isStopping} onClick=${stop}>${h(Icon, { name: 'stop' })}<span>${say.stop}</span></button>`}
    </div>
    ${h(ComposerBar, { doors, session })}
  </form>`;
}
