/** The page of a conversation, and of one that has not begun: thread or choices above, the composer below. */
import { h, html, signal, useEffect, useLayoutEffect, useMemo } from '../../lib/dom.js';
import { Choices } from '../../lib/conversation/choices.js';
import { openConversation } from '../../lib/conversation/conversation.js';
import { del, op } from '../../lib/api.js';
import { follow } from '../../lib/live.js';
import { draft, save } from '../../lib/prefs.js';
import { go, route } from '../../lib/router.js';
import { start } from '../../lib/start.js';
import { actionsOf } from './actions.js';
import { CanvasBeside, Chat, ChatFoot } from './chat.js';
import { Composer } from './composer.js';
import { FreshChoice } from './fresh-choice.js';
import { Fresh } from './later.js';
import { ThreadSession } from './session.js';
import { tellOf } from './tell.js';
import { useChatKeys } from './chat-keys.js';

/** Conversations that begin on this page, and who waits until they are followed. @type {Map<string, (conversation: any) => void>} */
const begun = new Map();
/** A first message is not held back longer than this, milliseconds. */
const PATIENCE = 2000;

/** Opens a conversation for the page, and closes it when another is shown. @param {string|undefined} id */
function useSession(id) {
  const session = useMemo(() => {
    if (!id) return null;
    const isFollowed = begun.get(id);
    begun.delete(id);
    const conversation = openConversation(id, { isNew: Boolean(isFollowed), around: route.peek().query.get('item') ?? undefined });
    tellOf(conversation);
    isFollowed?.(conversation);
    return new ThreadSession(conversation);
  }, [id]);
  useEffect(() => {
    if (!session) return undefined;
    const { conversation } = session;
    // With a conversation goes its topic: that it is gone is told to all.
    const stop = follow('host', {
      signals: (list) => {
        const isOurs = ({ envelope }) => envelope?.event.noun === 'conversation' && envelope.event.event.verb === 'deleted' && envelope.event.event.conversation === id;
        if (list.some(isOurs)) conversation.model.isDeleted.value = true;
      },
    });
    return () => {
      stop();
      session.close();
    };
  }, [session]);
  return session;
}

/** @param {{id?: string}} props */
export default function ThreadPage({ id }) {
  const session = useSession(id);
  const fresh = useMemo(() => (id ? null : new FreshChoice(route.peek().query)), [id]);
  const isStopping = useMemo(() => signal(false), [session]);
  const doors = useMemo(() => (session ? chatDoors(session) : freshDoors(/** @type {FreshChoice} */ (fresh))), [session, fresh]);
  const stop = async () => {
    if (!session?.conversation.view.value?.running) return;
    isStopping.value = true;
    await session.attempt(() => session.conversation.cancel());
    isStopping.value = false;
    // Whoever stopped it with Escape writes on.
    if (document.activeElement === document.body || document.activeElement?.id === 'main') session.focusComposer();
  };
  useChatKeys({ session, doors, stop });
  useLayoutEffect(() => {
    // One writes first in a new conversation, and wherever the focus is nowhere else.
    const isNowhere = document.activeElement === document.body || !document.activeElement;
    if (matchMedia('(pointer: fine)').matches && (isNowhere || !id) && !document.querySelector('dialog[open]')) {
      /** @type {HTMLElement|null} */ (document.querySelector('[data-testid="composer"] textarea'))?.focus({ preventScroll: true });
    }
  }, [id]);
  const isGone = session?.conversation.isGone ?? false;
  const isAgent = session?.conversation.view.value?.kind === 'agent';
  return html`<main class="shell-main thread-page" id="main" tabindex="-1">
    <div class="thread-talk">
      ${session ? h(Chat, { key: id, session, stop }) : h(Fresh, { key: 'fresh', choice: fresh })}
      <div class="thread-foot">
        ${session && !isGone && h(ChatFoot, { key: `foot:${id}`, session, isStopping: isStopping.value })}
        ${!isAgent && !isGone && h(Composer, { key: 'composer', doors, session, isStopping: isStopping.value, stop })}
      </div>
    </div>
    ${session && h(CanvasBeside, { key: `canvas:${id}`, session })}
  </main>`;
}

/** @param {ThreadSession} session */
function chatDoors(session) {
  const { conversation } = session;
  const choices = new Choices(conversation.id, () => conversation.view.value, conversation.configure);
  conversation.planned = () => choices.set({ isPlan: false });
  return {
    id: conversation.id,
    workspace: () => conversation.view.value?.workspace ?? '',
    choices,
    submit: (/** @type {any[]} */ input, /** @type {object} */ options, /** @type {{isNow: boolean}} */ { isNow }) =>
      isNow ? conversation.sendNow(input, options) : conversation.send(input, options),
    actions: () => actionsOf(session, choices),
    tag: (/** @type {string} */ name) => void session.attempt(() => conversation.tag({ add: [name] })),
  };
}

/** Waits until the composer is that of a new conversation, so that words can come back to it. */
async function isNewAgain() {
  const until = performance.now() + PATIENCE;
  const isNew = () => document.querySelector('[data-testid="composer"][data-of="new"]');
  while (!isNew() && performance.now() < until) await new Promise((done) => setTimeout(done, 10));
}

/** Nothing is made before there is a first message: looking leaves nothing behind. @param {FreshChoice} fresh */
function freshDoors(fresh) {
  const choices = new Choices('new', () => null);
  const submit = async (/** @type {any[]} */ input, /** @type {object} */ options) => {
    const workspace = fresh.workspace.value;
    const project = fresh.project.value || null;
    const { model, ...rest } = /** @type {{model?: string}} */ (options);
    const id = await op('conversation', { verb: 'open', workspace, project, model: model ?? null });
    if (fresh.tags.value.length) await op('conversation', { verb: 'tag', conversation: id, add: fresh.tags.value });
    if (fresh.folder) await op('conversation', { verb: 'move', conversation: id, folder: fresh.folder });
    if (choices.mode !== start.value.mode) await op('conversation', { verb: 'configure', conversation: id, model: model ?? null, mode: choices.mode }).catch(() => {});
    const field = /** @type {HTMLTextAreaElement|null} */ (document.querySelector('[data-testid="composer"] textarea'));
    draft.save(id, field?.value ?? '');
    const shown = new Promise((done) => begun.set(id, done));
    await go(`/c/${id}`);
    // Nothing of the first turn is missed: it begins once it is followed.
    const conversation = await shown;
    const sending = Promise.race([conversation.heard, new Promise((done) => setTimeout(done, PATIENCE))]).then(() => conversation.send(input, rest));
    conversation.sending = sending.catch(() => {});
    try {
      await sending;
    } catch (error) {
      // A page of what is deleted has no composer that words could come back to.
      await go('/', { replace: true });
      await isNewAgain();
      await del(`/api/conversations/${id}`).catch(() => {});
      throw error;
    }
    save('choices.new', null);
    draft.save('new', '');
    fresh.remember();
    return id;
  };
  return {
    id: 'new',
    workspace: () => fresh.workspace.value || start.value.workspace,
    choices,
    submit,
    actions: () => [],
    tag: (/** @type {string} */ name) => (fresh.tags.value = [...new Set([...fresh.tags.value, name])]),
  };
}
