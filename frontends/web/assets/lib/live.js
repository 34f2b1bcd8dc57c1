/**
 * What happens in the host, as it happens: one event stream for all tabs of the browser, resumed by itself.
 *
 * Every tab talks to the shared worker, which holds the stream; where there is none, the tab holds its own.
 */
import { signal } from '../vendor/signals.js';
import { doubtServer, forget, tabSecret } from './session.js';
import { workerUrl } from './trusted.js';

/** @typedef {{seq: number|null, signals: (list: any[]) => void}} Follower */

/** The state of the stream. @type {import('../vendor/signals.js').Signal<'connecting'|'connected'|'lost'|'signed-out'>} */
const connection = signal('connecting');
/** How often the stream came back after a loss, and how many facts came at once the last time. */
const caughtUp = signal({ times: 0, events: 0 });
/** How often a stream was opened, a lost one or not: each follower that comes opens it anew. */
const opened = signal(0);

const HERE = 30_000;
/** What comes this soon after a stream is there again had happened before. */
const CATCH_UP = 1_500;

const name = `aroom-tab-${crypto.getRandomValues(new Uint32Array(3)).join('-')}`;
/** @type {Map<string, Set<Follower>>} */
const topics = new Map();
/** @type {((message: object) => void) | null} */
let send = null;
let countingUntil = 0;
let counted = 0;

/** @param {any} message */
function receive(message) {
  if (message.type === 'signals') deliver(message.topic, message.signals);
  else if (message.type === 'state') stateIs(message.state);
  else if (message.type === 'join') join();
}

/** @param {'connecting'|'connected'|'lost'|'signed-out'} state */
function stateIs(state) {
  if (state === 'connected' && connection.value === 'lost') {
    counted = 0;
    countingUntil = Date.now() + CATCH_UP;
    setTimeout(() => {
      caughtUp.value = { times: caughtUp.value.times + 1, events: counted };
    }, CATCH_UP);
  }
  if (state === 'connected') opened.value += 1;
  if (state === 'lost') doubtServer();
  connection.value = state;
  if (state === 'signed-out') forget();
}

/** @param {string} topic @param {any[]} list */
function deliver(topic, list) {
  if (Date.now() < countingUntil) counted += list.filter(({ envelope }) => envelope).length;
  for (const follower of [...(topics.get(topic) ?? [])]) {
    const { seq } = follower;
    const fresh = seq === null ? list : list.filter(({ envelope }) => !envelope || envelope.seq > seq);
    for (const { envelope, resume } of fresh) follower.seq = Math.max(follower.seq ?? 0, envelope?.seq ?? resume ?? 0) || follower.seq;
    if (fresh.length > 0) follower.signals(fresh);
  }
}

/**
 * Follows a topic: facts after a position, each once and in order, and previews.
 * @param {string} topic `host` or `conversation:ID`
 * @param {{after?: number|null, signals: (list: any[]) => void}} how a `Lagged` signal means: read the view anew
 * @returns {() => void} stops
 */
function follow(topic, { after = null, signals }) {
  /** @type {Set<Follower>} */
  const followers = topics.get(topic) ?? new Set();
  // What is old to another view of this tab is old to one that wants only what is new.
  const known = Math.max(...[...followers].map(({ seq }) => seq ?? -1));
  const follower = { seq: after ?? (known >= 0 ? known : null), signals };
  topics.set(topic, followers.add(follower));
  tellFollowed(topic);
  return () => {
    if (!followers.delete(follower)) return;
    if (followers.size === 0) {
      topics.delete(topic);
      send?.({ type: 'unfollow', topic });
    }
  };
}

/** @param {string} topic */
function tellFollowed(topic) {
  const positions = [...(topics.get(topic) ?? [])].map(({ seq }) => seq).filter((seq) => seq !== null);
  send?.({ type: 'follow', topic, after: positions.length > 0 ? Math.min(...positions) : null });
}

function join() {
  send?.({ type: 'join', name, secret: tabSecret() });
  for (const topic of topics.keys()) tellFollowed(topic);
}

/** Opens the line to the worker; called once there is a session. */
function startLive() {
  if (navigator.locks) {
    // Held as long as this tab lives; the worker waits for it. It must be ours before the worker hears of it.
    void navigator.locks.request(name, () => {
      open();
      return new Promise(() => {});
    });
  } else {
    open();
  }
  setInterval(() => send?.({ type: 'here' }), HERE);
  addEventListener('pagehide', () => send?.({ type: 'bye' }));
  addEventListener('pageshow', ({ persisted }) => persisted && join());
  document.addEventListener('visibilitychange', () => !document.hidden && send?.({ type: 'poke' }));
}

function open() {
  if ('SharedWorker' in globalThis) viaWorker();
  else void viaOwnStream();
}

function viaWorker() {
  const worker = new SharedWorker(workerUrl('worker.js'), { type: 'module', name: 'aroom' });
  worker.onerror = () => {
    worker.port.close();
    void viaOwnStream();
  };
  worker.port.onmessage = ({ data }) => receive(data);
  send = (message) => worker.port.postMessage(message);
  join();
}

/** The tab's own stream. Of several tabs only those that are seen keep one: a browser allows six to a server. */
async function viaOwnStream() {
  const { Hub } = await import('./hub.js');
  const hub = new Hub();
  const others = 'BroadcastChannel' in globalThis ? new BroadcastChannel('aroom-seen') : null;
  const seen = () => {
    if (document.hidden) return;
    hub.pause(false);
    others?.postMessage('seen');
  };
  if (others) others.onmessage = () => document.hidden && hub.pause(true);
  document.addEventListener('visibilitychange', seen);
  send = (/** @type {any} */ message) => {
    if (message.type === 'join') hub.join(name, message.secret, receive);
    else if (message.type === 'follow') hub.follow(name, message.topic, message.after);
    else if (message.type === 'unfollow') hub.unfollow(name, message.topic);
    else if (message.type === 'poke') hub.poke();
    else if (message.type === 'bye') hub.leave(name);
    else hub.seen(name);
  };
  join();
  seen();
}

export { caughtUp, connection, follow, opened, startLive };
