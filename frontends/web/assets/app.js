/** Boots the page: the launch link, the session, the first answer of the server, then the shell. */
import { effect, h, html, render } from './lib/dom.js';
import { get, problemOf } from './lib/api.js';
import { applyTheme, theme } from './lib/prefs.js';
import { startList } from './lib/list.js';
import { isLinkLeft, lendToOtherTabs, openSession, session } from './lib/session.js';
import { startLive } from './lib/live.js';
import { startKeys } from './lib/keys.js';
import { go, registerRoute, route, startRouter } from './lib/router.js';
import { setStart, start } from './lib/start.js';
import { Shell } from './views/shell.js';
import { toast } from './lib/toast.js';
import { words } from './strings/shell.js';

registerRoute('chat', '/', () => import('./views/thread/page.js'));
registerRoute('chat', '/c/:id', () => import('./views/thread/page.js'));
registerRoute('note', '/n/:id', () => import('./views/note.js'), 'note');
registerRoute('note', '/d/:id', () => import('./views/note.js'), 'note');
registerRoute('tools', '/tools/:section?', () => import('./views/manage/tools.js'), 'manage');
registerRoute('skills', '/skills', () => import('./views/manage/skills.js'), 'manage');
registerRoute('usage', '/usage', () => import('./views/manage/usage.js'), 'manage');
registerRoute('audit', '/audit', () => import('./views/manage/audit.js'), 'manage');
registerRoute('doctor', '/doctor', () => import('./views/manage/doctor.js'), 'manage');
registerRoute('settings', '/settings/:section?', () => import('./views/manage/settings.js'), 'manage');

const root = document.getElementById('app');

async function boot() {
  applyTheme(theme.value);
  if (!(await openSession())) return signIn();
  lendToOtherTabs();
  try {
    setStart(await get('/api/start'));
  } catch (error) {
    if (session.value.state === 'none') return signIn();
    const { Failure } = await import('./views/sign-in.js');
    render(h(Failure, { problem: problemOf(error), retry: boot }), root);
    return;
  }
  startKeys();
  startLive();
  void startList();
  startRouter();
  effect(() => {
    // Nothing can be said without a model: a new chat begins with choosing one.
    if (!start.value.is_configured && route.value.name === 'chat' && !route.value.params.id) void go('/settings/connection', { replace: true });
  });
  render(h(Shell, null), root);
  if (isLinkLeft.value) toast(words.signIn.linkLeft);
}

async function signIn() {
  const { SignIn } = await import('./views/sign-in.js');
  render(h(SignIn, { reason: session.value.reason, retry: boot }), root);
}

// A link that is put into the address bar of an open page changes the fragment alone.
addEventListener('hashchange', () => location.hash.startsWith('#launch=') && location.reload());
render(html`<p class="hidden-text">${document.title}</p>`, root);
void boot();
