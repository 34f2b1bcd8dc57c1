/** The keys of the whole page, and what they open. The palette and the sheet of keys are loaded ahead when there is time. */
import { h, signal } from '../lib/dom.js';
import { attempt, newFolder, newText } from '../lib/actions.js';
import { openLayer } from '../lib/dialog.js';
import { registerKeys } from '../lib/keys.js';
import { pinned, recent } from '../lib/list.js';
import { pref, save, setTheme } from '../lib/prefs.js';
import { go, pathOf, route } from '../lib/router.js';
import { words } from '../strings/shell.js';

const narrow = matchMedia('(max-width: 760px)');
const isNarrow = signal(narrow.matches);
narrow.addEventListener('change', () => (isNarrow.value = narrow.matches));
const isDrawerOpen = signal(false);
const isSidebarShown = pref('sidebar', true);
const say = words.keys;
/** The palette is loaded so long after the page, milliseconds. */
const AHEAD = 1_200;
/** @type {Promise<typeof import('./palette.js')> | null} */
let palette = null;
let isPaletteOpen = false;
let isHelpOpen = false;

/** Loads the palette before anybody asks, so that it opens at once. */
function loadPalette() {
  palette ??= import('./palette.js').catch((error) => {
    palette = null;
    throw error;
  });
  return palette;
}

/** @param {string} [query] what it begins with */
async function openPalette(query = '') {
  if (isPaletteOpen) return;
  isPaletteOpen = true;
  isDrawerOpen.value = false;
  await attempt(async () => {
    const { Palette } = await loadPalette();
    const text = typeof query === 'string' ? query : '';
    await openLayer((close) => h(Palette, { query: text, close }));
  });
  isPaletteOpen = false;
}

async function openHelp() {
  if (isHelpOpen) return;
  isHelpOpen = true;
  isDrawerOpen.value = false;
  await attempt(async () => {
    const { Help } = await import('./help.js');
    await openLayer((close) => h(Help, { close }));
  });
  isHelpOpen = false;
}

/** To the chat before or after the one shown, in the order of the sidebar. @param {number} step */
function neighbor(step) {
  const list = [...pinned.value, ...recent.value];
  const at = list.findIndex((view) => pathOf(view) === route.value.path);
  const next = list[at < 0 ? 0 : at + step];
  if (next) void go(pathOf(next));
}

/** To the next part of the page; after the last the browser gets the key. @returns {boolean | void} */
function nextRegion() {
  const wanted = '[data-region], #main, [data-testid="composer"], [data-testid="canvas"]';
  const regions = [...document.querySelectorAll(wanted)].filter((one) => one.checkVisibility?.() ?? true);
  const inside = regions.filter((one) => one.contains(document.activeElement)).at(-1);
  const next = regions[inside ? regions.indexOf(inside) + 1 : 0];
  if (!next) return false;
  const target = next.id === 'main' ? next : (next.querySelector('textarea, input, [tabindex="0"], a[href], button:not([tabindex="-1"])') ?? next);
  if (target === next && !next.hasAttribute('tabindex')) next.tabIndex = -1;
  target.focus();
}

function toggleSidebar() {
  if (isNarrow.value) isDrawerOpen.value = !isDrawerOpen.value;
  else save('sidebar', !isSidebarShown.value);
}

/** @returns {() => void} */
function registerShellKeys() {
  const sections = [
    ['g c', '/', words.pages.chat],
    ['g t', '/tools', words.pages.tools],
    ['g k', '/skills', words.pages.skills],
    ['g u', '/usage', words.pages.usage],
    ['g l', '/audit', words.pages.audit],
    ['g e', '/settings', words.pages.settings],
  ];
  const off = [
    registerKeys(say.global, [
      { keys: 'Mod+K', label: say.palette, run: () => void openPalette(), isAction: false },
      { keys: 'Mod+Shift+O', label: say.create, run: () => void go('/') },
      { keys: 'Mod+B', label: say.sidebar, run: toggleSidebar },
      { keys: '[', label: say.before, run: () => neighbor(-1), isAction: false },
      { keys: ']', label: say.next, run: () => neighbor(1), isAction: false },
      { keys: 'F6', label: say.region, run: nextRegion, isAction: false },
      { keys: '?', label: say.sheet, run: () => void openHelp() },
      { keys: 'Mod+/', label: say.sheet, run: () => void openHelp(), isAction: false },
    ]),
    registerKeys(say.goTo, sections.map(([keys, path, page]) => ({ keys, label: say.go(page), run: () => void go(path) }))),
    // Rows of the list take these themselves; here they are for the sheet.
    registerKeys(say.list, [
      { keys: 'F2', label: say.renameRow, run: () => {}, when: () => false },
      { keys: 'Delete', label: say.deleteRow, run: () => {}, when: () => false },
    ]),
    registerKeys('', [
      { label: say.newNote, run: () => newText('note') },
      { label: say.newDocument, run: () => newText('document') },
      { label: say.newFolder, run: () => newFolder() },
      { label: say.light, run: () => setTheme('light') },
      { label: say.dark, run: () => setTheme('dark') },
      { label: say.system, run: () => setTheme('system') },
    ]),
  ];
  const ahead = () => void loadPalette().catch(() => {});
  // Not with the first load: when there is time, or when a hand is on the key that opens it.
  const timer = setTimeout(ahead, AHEAD);
  const hint = ({ key }) => ['Control', 'Meta'].includes(key) && ahead();
  document.addEventListener('keydown', hint);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('keydown', hint);
    for (const stop of off) stop();
  };
}

export { isDrawerOpen, isNarrow, openHelp, openPalette, registerShellKeys };
