/**
 * Who this tab is: the secret that goes with the cookie, and how a tab comes by one.
 *
 * The secret lives in `sessionStorage` and nowhere else. A launch link gives the first one; a tab of the same browser
 * that has a session asks the server for another one and hands it over. A link is used only where the browser is not
 * signed in yet: it would take the cookie's place, and so sign the other tabs out. Knows nothing of views.
 */
import { signal } from '../vendor/signals.js';
import { Credential, NoPass } from './proof.js';

const KEY = 'aroom-tab';
const CHANNEL = 'aroom-session';
/** How long a tab without a session waits for another tab to answer: one round between tabs takes milliseconds. */
const PATIENCE = 700;

/** `unknown` until asked, then `open`, or `none` with the reason why the link did not do. */
const session = signal({ state: 'unknown', reason: '' });
/** Whether this tab was opened by a launch link that was left alone, because the browser was signed in. */
const isLinkLeft = signal(false);

/** @returns {string} the secret of this tab, empty without one */
function tabSecret() {
  return sessionStorage.getItem(KEY) ?? '';
}

/** @type {Credential|null} */
let credential = null;

/**
 * What this tab says of itself to a server that has proven itself; empty without a secret.
 * @param {boolean} [isLeaving] whether the page is on its way out
 * @returns {Promise<string>}
 */
async function tabPass(isLeaving) {
  const secret = tabSecret();
  if (!credential?.isOf(secret)) credential = secret ? new Credential(secret) : null;
  return (await credential?.pass(isLeaving)) ?? '';
}

/** @param {string} refused @returns {Promise<string>} another pass, if the server has begun anew */
async function renewPass(refused) {
  return (await credential?.renew(refused)) ?? '';
}

/** Whoever answers next may be somebody else. */
function doubtServer() {
  credential?.doubt();
}

/** @param {string} secret */
function keep(secret) {
  sessionStorage.setItem(KEY, secret);
  session.value = { state: 'open', reason: '' };
}

/** Forgets the secret: the server does not take it any more. */
function forget() {
  if (session.value.state === 'none') return;
  sessionStorage.removeItem(KEY);
  session.value = { state: 'none', reason: '' };
}

/**
 * A request of the session routes.
 * @param {string} path
 * @param {object} [body]
 */
async function ask(path, body) {
  const pass = await tabPass().catch((cause) => {
    // Nothing is told to whoever cannot prove that it is the server of this tab.
    if (cause instanceof NoPass && cause.kind === 'signed-out') return '';
    throw new Error('the server of this page does not answer');
  });
  const headers = { 'X-Anteroom-Tab': pass || 'new', ...(body && { 'Content-Type': 'application/json' }) };
  const answer = await fetch(path, { method: 'POST', headers, body: body && JSON.stringify(body) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.message || `the server answered ${answer.status}`);
  return said;
}

/** Takes the launch token out of the address, before anything else can see it. */
function takeLaunch() {
  const found = /^#launch=(.*)$/.exec(location.hash);
  if (!found) return '';
  history.replaceState(history.state, '', location.pathname + location.search);
  return found[1];
}

/**
 * Opens the session of this tab: by what it has, through another tab, or by the launch link.
 * @returns {Promise<boolean>} whether there is one
 */
async function openSession() {
  const launch = takeLaunch();
  const isKnown = Boolean(tabSecret()) && !(launch && (await isRefused()));
  const secret = isKnown ? tabSecret() : await askOtherTabs();
  if (secret) {
    keep(secret);
    isLinkLeft.value = Boolean(launch);
    return true;
  }
  if (launch) return useLink(launch);
  session.value = { state: 'none', reason: '' };
  return false;
}

/** @param {string} launch */
async function useLink(launch) {
  try {
    keep((await ask('/api/session', { launch })).tab);
    return true;
  } catch (problem) {
    session.value = { state: 'none', reason: problem.message };
    return false;
  }
}

/** Whether the server knows this tab no more; no answer is none. */
async function isRefused() {
  return tabPass().then(() => false, ({ kind }) => kind === 'signed-out');
}

/**
 * Opens a session with the password of the server.
 * @param {string} password
 */
async function openWithPassword(password) {
  keep((await ask('/api/session/password', { password })).tab);
}

/** Whether another tab may have a session; a browser without locks does not say. */
async function mayOthersHelp() {
  if (!('BroadcastChannel' in globalThis)) return false;
  const locks = await navigator.locks?.query().catch(() => null);
  return locks?.held?.some(({ name }) => name === CHANNEL) ?? true;
}

/** @returns {Promise<string>} a secret another tab obtained for this one, or nothing */
async function askOtherTabs() {
  // Nobody there is known at once, and a first page waits for nothing.
  if (!(await mayOthersHelp())) return '';
  const channel = new BroadcastChannel(CHANNEL);
  const id = crypto.getRandomValues(new Uint32Array(2)).join('-');
  return new Promise((resolve) => {
    let chosen = '';
    const done = (secret) => {
      clearTimeout(timer);
      channel.close();
      resolve(secret);
    };
    let timer = setTimeout(done, PATIENCE, '');
    channel.onmessage = ({ data }) => {
      if (data?.to !== id) return;
      if (data.type === 'can' && !chosen) {
        chosen = data.from;
        clearTimeout(timer);
        timer = setTimeout(done, 5000, '');
        channel.postMessage({ type: 'please', to: chosen, from: id });
      } else if (data.type === 'tab') {
        done(data.tab ?? '');
      }
    };
    channel.postMessage({ type: 'need', from: id });
  });
}

let isLending = false;

/** Answers other tabs of this browser that have no session yet. */
function lendToOtherTabs() {
  if (!('BroadcastChannel' in globalThis)) return;
  if (isLending) return;
  isLending = true;
  // Held as long as the tab is there: so others know that they can ask. Browsers take it for work and do not freeze it.
  void navigator.locks?.request(CHANNEL, { mode: 'shared' }, () => new Promise(() => {})).catch(() => {});
  const me = crypto.getRandomValues(new Uint32Array(2)).join('-');
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = async ({ data }) => {
    if (!tabSecret()) return;
    if (data?.type === 'need') channel.postMessage({ type: 'can', to: data.from, from: me });
    if (data?.type !== 'please' || data.to !== me) return;
    // Asked anew, whatever was proven before: a secret is handed on.
    doubtServer();
    const tab = await ask('/api/session/tabs').then((said) => said.tab, () => '');
    channel.postMessage({ type: 'tab', to: data.from, tab });
  };
}

export { doubtServer, forget, isLinkLeft, lendToOtherTabs, openSession, openWithPassword, renewPass, session, tabPass, tabSecret };
