/** What can be done with the conversation that is shown: in the composer's `/` menu and among the palette's actions. */
import { conversationMenu } from '../../lib/actions.js';
import { pref, save } from '../../lib/prefs.js';
import { go } from '../../lib/router.js';
import { known } from '../../lib/list.js';
import { words } from '../../strings/thread.js';
import { toggleCanvas } from './canvas-shown.js';
import { showChanges, showPrompt } from './later.js';

/** @param {any} session @param {any} choices @returns {{key: string, label: string, run: () => unknown}[]} */
export function actionsOf(session, choices) {
  const { conversation } = session;
  const isRunning = Boolean(conversation.view.value?.running);
  const wish = (/** @type {() => Promise<unknown>} */ run) => () => session.attempt(run);
  const isReading = pref('read-answer', false).value;
  const last = conversation.items.value.at(-1)?.id;
  const fork = async () => {
    const id = last && (await conversation.fork(last));
    if (id) await go(`/c/${id}`);
  };
  const own = [
    { key: 'retry', label: words.message.retry, isOff: isRunning, run: () => session.retry() },
    { key: 'stop', label: words.composer.stop, isOff: !isRunning, run: wish(() => conversation.cancel()) },
    { key: 'plan', label: words.composer.plan, run: () => choices.set({ isPlan: !choices.isPlan }) },
    { key: 'diff', label: words.header.review, run: () => showChanges(conversation) },
    { key: 'undo', label: words.header.undoAll, isOff: isRunning, run: () => showChanges(conversation) },
    { key: 'prompt', label: words.header.prompt, run: () => showPrompt(() => conversation.read('prompt')) },
    { key: 'find', label: words.header.find, run: () => (session.isFinding.value = true) },
    { key: 'compact', label: words.header.compact, isOff: isRunning, run: wish(() => conversation.compact()) },
    { key: 'uncompact', label: words.header.uncompact, isOff: isRunning, run: wish(() => conversation.uncompact()) },
    { key: 'fork', label: words.header.fork, isOff: !last, run: wish(fork) },
    { key: 'canvas', label: words.header.canvas, isOff: !conversation.canvases.value.length, run: () => toggleCanvas(conversation) },
    { key: 'read', label: isReading ? words.thread.readOff : words.thread.readOn, run: () => save('read-answer', !isReading) },
    { key: 'new', label: words.thread.newOne, run: () => go('/') },
  ];
  const view = known.value.get(conversation.id) ?? conversation.view.value;
  const filed = (view ? conversationMenu(view) : [])
    .filter((/** @type {any} */ one) => one !== 'line' && one.icon !== 'fork')
    .map((/** @type {any} */ one) => ({ key: one.label, label: one.label.replace(/…$/, ''), run: one.run }));
  return [...own.filter(({ isOff }) => !isOff), ...filed];
}
