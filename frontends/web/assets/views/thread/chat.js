/** One conversation: its thread and canvas, and what stands between the thread and the composer. */
import { h, html, signal, useComputed, useEffect } from '../../lib/dom.js';
import { setBar } from '../../lib/bar.js';
import { Icon } from '../../lib/icons.js';
import { link } from '../../lib/router.js';
import { route } from '../../lib/router.js';
import { words } from '../../strings/thread.js';
import { isCanvasShown, toggleCanvas } from './canvas-shown.js';
import { ChangesBar } from './changes-bar.js';
import { HeaderActions, HeaderChips } from './header.js';
import { ApprovalCard, Canvas, Find, Queue } from './later.js';
import { PhaseLine } from './phase-line.js';
import { Problem } from './problem.js';
import { Thread } from './thread.js';

/** Longer than this is worth saying that it loads, milliseconds. */
const LATE = 150;

/** The canvas beside thread and composer. @param {{session: any}} props */
export function CanvasBeside({ session }) {
  const { conversation } = session;
  const isShown = useComputed(() => isCanvasShown(conversation)).value;
  return isShown && h(Canvas, { conversation, onClose: () => toggleCanvas(conversation) });
}

/** @param {{session: any}} props */
export function Chat({ session }) {
  const { conversation } = session;
  const state = conversation.state.value;
  const item = route.value.query.get('item');
  useEffect(() => setBar({ title: conversation.view.value?.title || words.header.untitled, actions: () => h(HeaderActions, { session }) }), [session, conversation.view.value?.title]);
  useEffect(() => {
    if (item && state === 'ready') void session.jump(item);
  }, [item, state]);
  if (state === 'failed' && !conversation.isGone) return h(Failed, { conversation });
  if (conversation.isGone) return html`<div class="thread-middle"><h1>${conversation.model.isDeleted.value ? words.thread.deleted : words.thread.missing}</h1><a class="button" ...${link('/')}>${words.thread.newOne}</a></div>`;
  return html`<div class="thread-column">
    ${h(HeaderChips, { session })}
    ${session.isFinding.value && h(Find, { session })}
    ${state === 'loading' ? h(Skeleton, null) : h(Thread, { session })}
  </div>`;
}

/** @param {{conversation: any}} props */
function Failed({ conversation }) {
  const retry = () => {
    conversation.state.value = 'loading';
    void conversation.open();
  };
  return html`<div class="thread-middle"><h1>${words.thread.failedTitle}</h1>
    ${h(Problem, { problem: conversation.problem.value }, html`<button class="button" onClick=${retry}>${words.thread.retry}</button>`)}</div>`;
}

const isLate = signal(false);

/** Three bars, if it takes a while. */
function Skeleton() {
  useEffect(() => {
    isLate.value = false;
    const timer = setTimeout(() => (isLate.value = true), LATE);
    return () => clearTimeout(timer);
  }, []);
  return html`<div class="thread-scroll" aria-busy="true" aria-label=${words.thread.loading} role="status">
    ${isLate.value && html`<div class="thread-skeleton" aria-hidden="true"><span></span><span></span><span></span></div>`}</div>`;
}

/** What stands above the composer. @param {{session: any, isStopping: boolean}} props */
export function ChatFoot({ session, isStopping }) {
  const isRunning = session.conversation.run.value !== null;
  // What a turn may need at any moment is there by then.
  useEffect(() => {
    if (isRunning) for (const part of [ApprovalCard, Queue]) void part.ahead();
  }, [isRunning]);
  return html`<div class="thread-above">
      ${h(PhaseLine, { session, isStopping })}
      ${h(Beside, { session })}
    </div>
    ${h(ChangesBar, { session })} ${session.conversation.queue.value.length > 0 && h(Queue, { session })}`;
}

/** The ways to what waits and to the end. @param {{session: any}} props */
function Beside({ session }) {
  const { conversation, viewport } = session;
  const waiting = conversation.approvals.value.length + conversation.questions.value.length;
  const count = session.unseen.value.size;
  const isFollowing = viewport.following.value;
  return html`<span class="thread-beside">
    ${waiting > 0 &&
    html`<button class="button thread-small thread-waits" aria-label=${words.thread.waitingLabel(waiting)} onClick=${() => session.focusWaiting()}>${words.thread.waiting(waiting)}</button>`}
    ${!isFollowing &&
    html`<button class="button thread-small" data-testid="jump-latest" aria-label=${words.thread.latestLabel(count)} onClick=${() => {
      viewport.follow();
      session.focusComposer();
    }}>${h(Icon, { name: 'down' })}<span>${count ? words.thread.latestCount(count) : words.thread.latest}</span></button>`}
  </span>`;
}
