/**
 * One event stream for many tabs: keeps what each tab follows and how far it has come, and the connection alive.
 *
 * Runs in the shared worker, or in a tab where there is none. Knows nothing of views; a tab is a name, a secret and a
 * way to tell it something. Facts are told in order and none twice; a stream that breaks is resumed from what each
 * tab has seen. Previews that come faster than a page draws them are told together.
 */

import { Credential, NoPass } from './proof.js';

/** Silence after which a connection counts as lost: the server says something every 15 seconds. */
const SILENCE = 40_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
/** A tab that did not say so for this long is gone; browsers wake a hidden tab once a minute. */
const FORGOTTEN = 150_000;
/** What nobody follows any more stays in the stream this long: a page that changes comes back for it. */
const LINGER = 1_000;
/** The server follows no more topics in one stream. */
const MAX_TOPICS = 64;
/** Previews are told this long after the last ones, and the first of them at once. */
const TOGETHER = 30;

/**
 * @typedef {{credential: Credential, isRefused: boolean, seenAt: number, follows: Map<string, number|null>, held: Held, tell: (message: object) => void}} Tab
 */

/**
 * Bytes of an event stream to frames.
 * @param {(event: string, data: string) => void} frame
 * @returns {(text: string) => void} takes what has come
 */
function parser(frame) {
  let rest = '';
  let event = '';
  let data = '';
  return (text) => {
    rest += text;
    let from = 0;
    for (let end = rest.indexOf('\n', from); end >= 0; end = rest.indexOf('\n', from)) {
      const line = rest.slice(from, rest[end - 1] === '\r' ? end - 1 : end);
      from = end + 1;
      if (line === '') {
        if (data || event) frame(event || 'message', data);
        event = '';
        data = '';
      } else if (line.startsWith('data:')) {
        const value = line.slice(line[5] === ' ' ? 6 : 5);
        data = data ? `${data}\n${value}` : value;
      } else if (line.startsWith('event:')) {
        event = line.slice(6).trim();
      }
    }
    rest = rest.slice(from);
  };
}

/** Previews of one tab: told at once, or held for a moment where others were told just before. */
class Held {
  #tell;
  /** @type {Map<string, any[]>} */
  #held = new Map();
  #isResting = false;

  /** @param {(message: object) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @param {string} topic @param {any[]} signals */
  take(topic, signals) {
    const held = this.#held.get(topic);
    if (held) held.push(...signals);
    else this.#held.set(topic, [...signals]);
    const isPreview = signals.every(({ signal }) => signal === 'delta');
    if (!isPreview || !this.#isResting) this.flush();
  }

  /** Tells what is held, now. */
  flush() {
    if (this.#held.size === 0) return;
    const held = this.#held;
    this.#held = new Map();
    for (const [topic, signals] of held) this.#tell({ type: 'signals', topic, signals });
    if (this.#isResting) return;
    this.#isResting = true;
    setTimeout(() => {
      this.#isResting = false;
      this.flush();
    }, TOGETHER);
  }
}

class Hub {
  /** @type {Map<string, Tab>} */
  #tabs = new Map();
  /** @type {AbortController | null} */
  #open = null;
  #state = 'connecting';
  #wait = FIRST_WAIT;
  #retry = 0;
  #soon = 0;
  #heardAt = 0;
  #isPaused = false;
  /** What the open stream follows. @type {Set<string>} */
  #streamed = new Set();

  constructor() {
    setInterval(() => this.#check(), 5_000);
    globalThis.addEventListener?.('online', () => this.poke());
  }

  /**
   * @param {string} name
   * @param {string} secret
   * @param {(message: object) => void} tell
   */
  join(name, secret, tell) {
    const known = this.#tabs.get(name);
    const follows = known?.follows ?? new Map();
    const credential = known?.credential.isOf(secret) ? known.credential : new Credential(secret);
    this.#tabs.set(name, { credential, isRefused: false, seenAt: Date.now(), follows, held: new Held(tell), tell });
    // Who comes with a secret is not signed out because those before were.
    if (this.#state === 'signed-out') this.#state = 'connecting';
    tell({ type: 'state', state: this.#state });
  }

  /** A tab is gone. @param {string} name */
  leave(name) {
    if (this.#tabs.delete(name)) this.#changed(LINGER);
  }

  /** A tab says that it is there. @param {string} name */
  seen(name) {
    const tab = this.#tabs.get(name);
    if (tab) tab.seenAt = Date.now();
    return Boolean(tab);
  }

  /**
   * A tab follows a topic from a position on.
   * @param {string} name
   * @param {string} topic
   * @param {number|null} after
   */
  follow(name, topic, after) {
    this.#tabs.get(name)?.follows.set(topic, after);
    // A follower that joins gets what is being written from its beginning, so the stream is opened anew each time.
    this.#changed(0);
  }

  /** @param {string} name @param {string} topic */
  unfollow(name, topic) {
    this.#tabs.get(name)?.follows.delete(topic);
    this.#changed(LINGER);
  }

  /** Tries again at once, if it waits. */
  poke() {
    if (this.#state === 'connected') this.#check();
    else if (this.#retry) this.#connect();
  }

  /** @param {boolean} isPaused whether no stream is wanted now */
  pause(isPaused) {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#close();
    else this.#connect();
  }

  #changed(delay) {
    if (delay === 0) {
      clearTimeout(this.#soon);
      this.#soon = setTimeout(() => this.#connect(), 0);
      return;
    }
    setTimeout(() => {
      const wanted = this.#wanted();
      const isSame = wanted.size === this.#streamed.size && [...wanted.keys()].every((topic) => this.#streamed.has(topic));
      if (!isSame) this.#connect();
    }, delay);
  }

  /** Every topic and the earliest position a tab needs it from. */
  #wanted() {
    /** @type {Map<string, number|null>} */
    const wanted = new Map();
    for (const { follows } of this.#tabs.values()) {
      for (const [topic, after] of follows) {
        const other = wanted.get(topic);
        if (other === undefined || other === null || (after !== null && after < other)) wanted.set(topic, after ?? other ?? null);
      }
    }
    return new Map([...wanted].sort(([a], [b]) => Number(b === 'host') - Number(a === 'host')).slice(0, MAX_TOPICS));
  }

  #close() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#open?.abort();
    this.#open = null;
    this.#streamed.clear();
    // What is older comes before all that the next stream says.
    for (const { held } of this.#tabs.values()) held.flush();
  }

  async #connect() {
    this.#close();
    clearTimeout(this.#soon);
    const wanted = this.#wanted();
    const tab = [...this.#tabs.values()].find(({ isRefused }) => !isRefused);
    if (this.#isPaused || wanted.size === 0) return;
    if (!tab) return this.#say('signed-out');
    const control = new AbortController();
    this.#open = control;
    this.#streamed = new Set(wanted.keys());
    this.#heardAt = Date.now();
    const query = [...wanted].map(([topic, after]) => `follow=${topic}${after === null ? '' : `@${after}`}`).join('&');
    try {
      const pass = await tab.credential.pass();
      if (this.#open !== control) return;
      const answer = await fetch(`/api/events?${query}`, {
        headers: { 'X-Anteroom-Tab': pass, Accept: 'text/event-stream' },
        signal: control.signal,
        cache: 'no-store',
      });
      if (answer.status === 401) {
        const isRenewed = Boolean(await tab.credential.renew(pass));
        if (this.#open !== control) return;
        return isRenewed ? void this.#connect() : this.#refused(tab);
      }
      if (!answer.ok || !answer.body) throw new Error(String(answer.status));
      await this.#read(answer.body, control, tab);
    } catch (cause) {
      if (this.#open === control && cause instanceof NoPass && cause.kind === 'signed-out') return this.#refused(tab);
      // Told below, whatever else it was.
    }
    if (this.#open === control) this.#lost();
  }

  /** @param {ReadableStream<Uint8Array>} body @param {AbortController} control @param {Tab} tab */
  async #read(body, control, tab) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const take = parser((event, data) => {
      if (this.#open === control) this.#frame(event, data, tab);
    });
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.#open !== control) return;
      this.#heardAt = Date.now();
      take(decoder.decode(value, { stream: true }));
    }
  }

  /** @param {string} event @param {string} data @param {Tab} tab */
  #frame(event, data, tab) {
    if (event === 'ready') {
      this.#wait = FIRST_WAIT;
      this.#say('connected');
    } else if (event === 'signals') {
      const { topic, signals } = JSON.parse(data);
      this.#deliver(topic, signals);
    } else if (event === 'signed-out') {
      this.#refused(tab);
    } else if (event === 'stopping') {
      this.#lost();
    }
  }

  /** @param {string} topic @param {any[]} signals */
  #deliver(topic, signals) {
    const newest = signals.reduce((seq, one) => Math.max(seq, one.envelope?.seq ?? one.resume ?? -1), -1);
    for (const tab of this.#tabs.values()) {
      const after = tab.follows.get(topic);
      if (after === undefined) continue;
      const fresh = after === null ? signals : signals.filter(({ envelope }) => !envelope || envelope.seq > after);
      if (newest > (after ?? -1)) tab.follows.set(topic, newest);
      if (fresh.length > 0) tab.held.take(topic, fresh);
    }
  }

  /** The server does not know this tab's secret: another tab's may do. @param {Tab} tab */
  #refused(tab) {
    tab.isRefused = true;
    tab.tell({ type: 'state', state: 'signed-out' });
    this.#connect();
  }

  #lost() {
    for (const { credential } of this.#tabs.values()) credential.doubt();
    this.#close();
    this.#say('lost');
    if (this.#isPaused || this.#tabs.size === 0) return;
    this.#retry = setTimeout(() => this.#connect(), this.#wait * (0.75 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }

  /** @param {string} state */
  #say(state) {
    this.#state = state;
    for (const tab of this.#tabs.values()) {
      tab.held.flush();
      if (!tab.isRefused) tab.tell({ type: 'state', state });
    }
  }

  #check() {
    const now = Date.now();
    for (const [name, { seenAt }] of this.#tabs) if (now - seenAt > FORGOTTEN) this.leave(name);
    if (this.#open && now - this.#heardAt > SILENCE) this.#lost();
  }
}

export { Hub, parser };
