/** Keys of the conversation page that work wherever the focus is: stop, find, the end, what waits, the next mode. */
import { useEffect } from '../../lib/dom.js';
import { DOUBLE_ESCAPE } from '../../lib/conversation/phase.js';
import { polite } from '../../lib/announce.js';
import { registerKeys } from '../../lib/keys.js';
import { words } from '../../strings/thread.js';
import { actionsOf } from './actions.js';
import { toggleCanvas } from './canvas-shown.js';

/** @param {{session: any, doors: any, stop: () => void}} of */
export function useChatKeys({ session, doors, stop }) {
  useEffect(() => {
    const nextMode = () => {
      doors.choices.nextMode();
      polite(words.modes[doors.choices.mode]);
    };
    const write = () => /** @type {HTMLElement|null} */ (document.querySelector('[data-testid="composer"] textarea'))?.focus();
    const mode = { keys: 'Alt+M', label: words.keys.mode, run: nextMode };
    if (!session) return registerKeys(words.keys.composer, [mode]);
    const { conversation, viewport } = session;
    const ends = [
      registerKeys(words.keys.composer, [mode, { keys: 'i', label: words.keys.focus, isAction: false, run: write }]),
      registerKeys(words.keys.thread, [
        { keys: 'Alt+P', label: words.keys.approval, isAction: false, run: () => session.focusWaiting() },
        { keys: 'Mod+.', label: words.keys.canvas, isAction: false, run: () => toggleCanvas(conversation) },
        { keys: '/', label: words.keys.find, isAction: false, run: () => (session.isFinding.value = true) },
        { keys: 'End', label: words.keys.latest, isAction: false, run: () => viewport.follow() },
        { keys: 'j', label: words.keys.next, isAction: false, run: () => session.step(1) },
        { keys: 'k', label: words.keys.previous, isAction: false, run: () => session.step(-1) },
      ]),
      registerActions(session, doors),
      doubleEscape(session, stop),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [session]);
}

/** The actions of the conversation, for the palette. @param {any} session @param {any} doors */
function registerActions(session, doors) {
  const all = actionsOf(session, doors.choices).filter(({ key }) => key.length < 12);
  const fresh = (/** @type {string} */ key) => actionsOf(session, doors.choices).find((one) => one.key === key);
  return registerKeys(
    '',
    ['retry', 'stop', 'plan', 'diff', 'prompt', 'find', 'compact', 'uncompact', 'fork', 'canvas'].map((key) => ({
      label: all.find((one) => one.key === key)?.label ?? labels[key] ?? key,
      when: () => Boolean(fresh(key)),
      run: () => fresh(key)?.run(),
    })),
  );
}

const labels = {
  retry: words.message.retry,
  stop: words.composer.stop,
  compact: words.header.compact,
  uncompact: words.header.uncompact,
  fork: words.header.fork,
  canvas: words.header.canvas,
};

/** Escape twice stops what runs. @param {any} session @param {() => void} stop */
function doubleEscape(session, stop) {
  let last = -Infinity;
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || event.repeat || document.querySelector('dialog[open]')) return;
    if (!session.conversation.view.value?.running) return;
    if (event.timeStamp - last <= DOUBLE_ESCAPE) {
      last = -Infinity;
      stop();
    } else last = event.timeStamp;
  };
  document.addEventListener('keydown', pressed);
  return () => document.removeEventListener('keydown', pressed);
}
