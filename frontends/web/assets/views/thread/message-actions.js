/** What can be done with one message, from its menu and by keys. */
import { copyText } from '../../lib/copy.js';
import { h } from '../../lib/dom.js';
import { Menu, openLayer } from '../../lib/dialog.js';
import { go } from '../../lib/router.js';
import { toast } from '../../lib/toast.js';
import { isWords, wordsIn } from '../../lib/conversation/skills.js';
import { isSaid } from '../../lib/conversation/wishes.js';
import { words } from '../../strings/thread.js';
import { showChanges } from './later.js';

/** The words of a message. @param {any} item */
export function textOf(item) {
  if (item.body.text !== undefined) return item.body.text;
  if (item.body.kind !== 'user_message') return '';
  return item.body.content
    .filter(isWords)
    .map(wordsIn)
    .join('\n\n');
}

/** The code blocks of a message, one after the other. @param {any} item */
export function codeOf(item) {
  const found = [];
  let fence = '';
  let block = /** @type {string[]} */ ([]);
  for (const line of textOf(item).split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (!fence && mark) {
      fence = mark[1];
      block = [];
    } else if (fence && mark && mark[1].startsWith(fence) && !mark[2].trim()) {
      found.push(block.join('\n'));
      fence = '';
    } else if (fence) block.push(line);
  }
  if (fence) found.push(block.join('\n'));
  return found.join('\n\n');
}

/** @param {string} text @param {string} [nothing] */
export async function copy(text, nothing) {
  if (!text) {
    if (nothing) toast(nothing);
    return;
  }
  const did = await copyText(text);
  toast(did ? words.message.copied : words.message.copyFailed, { kind: did ? 'ok' : 'error' });
}

/** A new conversation with everything up to a message. @param {any} item @param {any} session */
export async function forkAt(item, session) {
  const id = await session.attempt(() => session.conversation.fork(item.id));
  if (id) await go(`/c/${id}`);
}

/** @param {any} item @param {any} session @returns {import('../../lib/dialog.js').MenuItem[]} */
export function messageMenu(item, session) {
  const { conversation } = session;
  const isRunning = Boolean(conversation.view.value?.running);
  const own = isSaid(item);
  const code = codeOf(item);
  const line = /** @type {const} */ ('line');
  return [
    { label: words.message.copy, icon: 'copy', keys: 'y', run: () => copy(textOf(item)) },
    ...(code ? [{ label: words.message.copyCode, icon: 'copy', keys: 'c', run: () => copy(code) }] : []),
    line,
    ...(own ? [{ label: words.message.edit, icon: 'edit', keys: 'e', isDisabled: isRunning, run: () => session.editSent(item) }] : []),
    { label: words.message.retry, icon: 'refresh', keys: 'r', isDisabled: isRunning, run: () => session.retry() },
    { label: words.message.fork, icon: 'fork', keys: 'f', run: () => forkAt(item, session) },
    ...(own
      ? [
          line,
          { label: words.message.undoSince, icon: 'undo', isDisabled: isRunning, run: () => showChanges(conversation, { target: 'since', item: item.id }) },
        ]
      : []),
    line,
    { label: words.message.link, icon: 'link', run: () => copy(`${location.origin}/c/${conversation.id}?item=${item.id}`) },
  ];
}

/** Opens the menu of a message beside it. @param {any} item @param {any} session */
export function messageMenuAt(item, session) {
  const row = session.viewport.element(item.id);
  if (!row) return;
  const box = row.getBoundingClientRect();
  const at = { x: box.left + 24, y: Math.min(box.top + 32, innerHeight - 80) };
  void openLayer((close) => h(Menu, { label: words.message.menu, at, items: messageMenu(item, session), onClose: () => close() }));
}
