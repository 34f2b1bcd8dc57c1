/** Small things this browser remembers: drafts, widths, what is folded. Never a secret, never content of the host. */
import { signal } from '../vendor/signals.js';

const PREFIX = 'aroom.';
/** @type {Map<string, import('../vendor/signals.js').Signal>} */
const known = new Map();

/**
 * What was kept under a name.
 * @template T
 * @param {string} name
 * @param {T} fallback
 * @returns {T}
 */
function load(name, fallback) {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

/**
 * Keeps a value; null or undefined forgets it. A full or closed store loses it and nothing else.
 * @param {string} name
 * @param {unknown} value
 */
function save(name, value) {
  try {
    if (value === null || value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Nothing of worth depends on it.
  }
  const shared = known.get(name);
  if (shared) shared.value = value;
}

/**
 * A kept value as a signal that all views share; other tabs' changes arrive too. Change it with `save`.
 * @template T
 * @param {string} name
 * @param {T} fallback
 */
function pref(name, fallback) {
  let shared = known.get(name);
  if (!shared) {
    shared = signal(load(name, fallback));
    known.set(name, shared);
  }
  return shared;
}

addEventListener('storage', ({ key, newValue }) => {
  const shared = key?.startsWith(PREFIX) && known.get(key.slice(PREFIX.length));
  if (!shared || newValue === null) return;
  try {
    shared.value = JSON.parse(newValue);
  } catch {
    // Somebody else's text under our name.
  }
});

/** The text that is being written in a conversation. @param {string} id */
const draft = {
  load: (/** @type {string} */ id) => load(`draft.${id}`, ''),
  save: (/** @type {string} */ id, /** @type {string} */ text) => save(`draft.${id}`, text || null),
};

/** Light, dark or as the system has it; the server reads the cookie, so that the first picture is right. */
const theme = pref('theme', 'system');

/** @param {'light'|'dark'|'system'} name */
function setTheme(name) {
  save('theme', name);
  document.cookie = `aroom-theme=${name}; Path=/; Max-Age=${name === 'system' ? 0 : 31_536_000}; SameSite=Strict`;
  applyTheme(name);
}

/** @param {string} name */
function applyTheme(name) {
  if (name === 'light' || name === 'dark') document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
}

export { applyTheme, draft, load, pref, save, setTheme, theme };
