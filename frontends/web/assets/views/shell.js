/** The frame: sidebar or drawer, banner, title bar, the page of the route, toasts and what lies over it all. */
import { h, html, signal, useEffect, useState } from '../lib/dom.js';
import { conversationMenu, titleOf } from '../lib/actions.js';
import { problemOf } from '../lib/api.js';
import { assertive, polite } from '../lib/announce.js';
import { bar } from '../lib/bar.js';
import { Dialog, Layers, MenuButton } from '../lib/dialog.js';
import { Icon } from '../lib/icons.js';
import { ariaKeys } from '../lib/keys.js';
import { entries, known, refresh, trouble, waiting } from '../lib/list.js';
import { caughtUp, connection } from '../lib/live.js';
import { pref, save } from '../lib/prefs.js';
import { link, loaderOf, route } from '../lib/router.js';
import { session } from '../lib/session.js';
import { Splitter } from '../lib/splitter.js';
import { start } from '../lib/start.js';
import { Toasts } from '../lib/toast.js';
import { words } from '../strings/shell.js';
import { BarTitle } from './bar-title.js';
import { isDrawerOpen, isNarrow, openHelp, openPalette, registerShellKeys } from './shell-keys.js';
import { Sidebar } from './sidebar.js';
import { StateMark } from './sidebar-rows.js';

/** What the route's module gave, or why it gave nothing. */
const page = signal({ name: '', view: null, problem: null });
/** The warnings that the person has read. */
const dismissed = signal('');
const isSidebarShown = pref('sidebar', true);
const width = pref('sidebar-width', 264);
/** A loss shorter than this is not worth a banner; one longer than that is more than a hiccup. */
const BANNER_AFTER = 2_000;
const GONE_AFTER = 8_000;

async function load(name) {
  const loader = loaderOf(name);
  if (!loader) {
    page.value = { name, view: Missing, problem: null };
    return;
  }
  try {
    const view = (await loader()).default;
    if (route.value.name === name) page.value = { name, view, problem: null };
  } catch (error) {
    if (route.value.name === name) page.value = { name, view: null, problem: problemOf(error) };
  }
}

function Missing() {
  return html`<main class="shell-main plain-page" id="main" tabindex="-1">
    <h1>${words.missingTitle}</h1><p>${words.missingText}</p>
    <p><a class="button" ...${link('/')}>${words.goHome}</a></p>
  </main>`;
}

function Shell() {
  const { name, params } = route.value;
  useEffect(registerShellKeys, []);
  useEffect(() => void load(name), [name]);
  useEffect(() => {
    isDrawerOpen.value = false;
    if (params.id && !known.value.has(params.id)) void refresh(params.id);
  }, [route.value.path]);
  const shown = known.value.get(params.id);
  useEffect(() => {
    document.title = titleText(name, shown);
  });
  const { view, problem } = page.value;
  const isBeside = !isNarrow.value && isSidebarShown.value;
  return html`<a class="skip" href="#main" onClick=${skip}>${words.skip}</a>
    <div class="shell">
      ${isBeside &&
      html`<div class="shell-side" style=${{ inlineSize: `${width.value}px` }}>
        ${h(Sidebar, { openPalette, openHelp }, h(Splitter, { label: words.sidebar.width, value: width.value, min: 200, max: 480, onChange: (next) => save('sidebar-width', next) }))}
      </div>`}
      <div class="shell-page">
        ${h(Bar, { name, view: shown })}
        ${h(Banner, null)}
        ${problem && h(Broken, { problem, retry: () => load(name) })}
        ${view && page.value.name === name && h(view, { key: name, ...params })}
      </div>
    </div>
    ${isNarrow.value && isDrawerOpen.value && h(Dialog, { title: words.sidebar.label, isBare: true, kind: 'drawer', onClose: () => (isDrawerOpen.value = false) }, h(Sidebar, { openPalette, openHelp }))}
    ${session.value.state === 'none' && h(SignedOut, null)}
    ${h(Toasts, null)} ${h(Layers, null)}`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

/** The mark says that anything works or waits, the name what is shown. */
function titleText(name, view) {
  const isWaiting = waiting.value.size > 0;
  const mark = isWaiting ? '● ' : entries.value.some(({ running }) => running) ? '⠹ ' : '';
  const title = view ? titleOf(view) : (bar.value.title ?? words.pages[name] ?? '');
  return `${mark}${title ? `${title} · ` : ''}${words.product}`;
}

/** @param {{name: string, view?: import('../lib/list.js').View}} props */
function Bar({ name, view }) {
  const toggle = () => (isNarrow.value ? (isDrawerOpen.value = true) : save('sidebar', !isSidebarShown.value));
  const isShown = isNarrow.value ? isDrawerOpen.value : isSidebarShown.value;
  const title = view ? titleOf(view) : (bar.value.title ?? words.pages[name] ?? '');
  return html`<header class="shell-bar" data-region>
    <button class="icon-button" aria-label=${isShown ? words.sidebar.hide : words.sidebar.show} aria-expanded=${String(isShown)}
      aria-keyshortcuts=${ariaKeys('Mod+B')} onClick=${toggle}>${h(Icon, { name: isNarrow.value ? 'menu' : 'panel' })}</button>
    ${view && h(StateMark, { view })}
    ${h(BarTitle, { title, view })}
    ${(view?.tags ?? []).slice(0, 3).map((tag) => html`<span class="chip bar-chip" key=${tag}>#${tag}</span>`)}
    <span class="bar-space"></span>
    ${bar.value.actions?.()}
    ${view && h(MenuButton, { label: words.sidebar.actions(title), items: () => conversationMenu(view), testId: 'conversation-menu' })}
  </header>`;
}

/** What everybody should know: no connection, or trouble of the host. */
function Banner() {
  const [late, setLate] = useState(0);
  const state = connection.value;
  const isLost = state === 'lost';
  useEffect(() => {
    if (!isLost) return;
    const timers = [setTimeout(setLate, BANNER_AFTER, 1), setTimeout(setLate, GONE_AFTER, 2)];
    return () => {
      for (const timer of timers) clearTimeout(timer);
      setLate(0);
    };
  }, [isLost]);
  useEffect(() => {
    if (late === 1) assertive(words.connection.reconnecting);
  }, [late]);
  const { times, events } = caughtUp.value;
  useEffect(() => {
    if (times > 0) polite(events > 0 ? words.connection.caughtUp(events) : words.connection.back);
  }, [times]);
  if (isLost && late > 0) {
    return html`<div class="banner" data-testid="banner"><span class="spin" aria-hidden="true">⠹</span>
      ${late === 1 ? words.connection.reconnecting : words.connection.gone}</div>`;
  }
  if (trouble.value) return h(Trouble, { problem: trouble.value });
  const told = (start.value.warnings ?? []).join('\n');
  return told !== '' && told !== dismissed.value && h(Warnings, { told });
}

/** What is wrong with the config: a hook that nobody can read refuses every call. @param {{told: string}} props */
function Warnings({ told }) {
  const [first, ...more] = told.split('\n');
  return html`<div class="banner banner-trouble" data-testid="config-warnings" role="status">
    <span>${first}${more.length > 0 && `. ${words.moreWarnings(more.length)}`}</span>
    <a class="button" ...${link('/doctor')}>${words.pages.doctor}</a>
    <button class="icon-button" aria-label=${words.dismiss} onClick=${() => (dismissed.value = told)}>${h(Icon, { name: 'close' })}</button>
  </div>`;
}

/** @param {{problem: import('../lib/api.js').Problem}} props */
function Trouble({ problem }) {
  useEffect(() => assertive(problem.message), [problem]);
  const isEndpoint = /^endpoint_|^not_configured$/.test(problem.code);
  return html`<div class="banner banner-trouble" data-testid="trouble">
    <span>${problem.message}${problem.hint && html`. ${problem.hint}`}</span>
    ${isEndpoint && html`<a class="button" ...${link('/settings/connection')}>${words.connection.testEndpoint}</a>`}
    <button class="icon-button" aria-label=${words.dismiss} onClick=${() => (trouble.value = null)}>${h(Icon, { name: 'close' })}</button>
  </div>`;
}

/** @param {{problem: import('../lib/api.js').Problem, retry: () => void}} props */
function Broken({ problem, retry }) {
  return html`<main class="shell-main plain-page" id="main" tabindex="-1">
    <h1>${words.failedTitle}</h1>
    <div class="problem" role="alert"><p><strong>${problem.message}</strong></p>${problem.hint && html`<p>${problem.hint}</p>`}</div>
    <p><button class="button" onClick=${retry}>${words.retry}</button></p>
  </main>`;
}

/** The session has ended while the page was open: what is on it stays until there is another. */
function SignedOut() {
  const [view, setView] = useState(null);
  useEffect(() => void import('./sign-in.js').then(({ SignInText }) => setView(() => SignInText)), []);
  return h(Dialog, { title: words.signIn.ended, testId: 'signed-out' }, view && h(view, { retry: () => location.reload() }));
}

export { Shell };
