/** Which page is shown: paths to names and back, and the address bar. Pages register themselves with what loads them. */
import { signal } from '../vendor/signals.js';
import { loadStyle } from './style.js';

/** @typedef {{name: string, params: Record<string, string>, query: URLSearchParams, hash: string, path: string}} Route */

/** @type {{name: string, parts: string[], load: () => Promise<{default: unknown}>, style: string}[]} */
const table = [];

/** The page that is shown. */
const route = signal(/** @type {Route} */ ({ name: '', params: {}, query: new URLSearchParams(), hash: '', path: '' }));

/**
 * Adds a page.
 * @param {string} name
 * @param {string} pattern parts between slashes; `:name` takes one, `:name?` may be missing
 * @param {() => Promise<{default: unknown}>} load a module whose default export is the component; it gets `route`'s params
 * @param {string} [style] a sheet of `css/` that only this page needs
 */
function registerRoute(name, pattern, load, style = '') {
  table.push({ name, parts: pattern.split('/').slice(1), load, style });
}

/** A part of an address; one that is not well written stays as it is, and is found nowhere. @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @param {string[]} parts @param {string[]} given */
function match(parts, given) {
  const params = {};
  for (const [at, part] of parts.entries()) {
    const value = given[at];
    if (part.startsWith(':')) {
      if (!value && !part.endsWith('?')) return null;
      if (value) params[part.replace(/^:|\?$/g, '')] = decoded(value);
    } else if (part !== (value ?? '')) {
      return null;
    }
  }
  return given.length > parts.length ? null : params;
}

/** @param {URL} url */
function resolve(url) {
  const given = url.pathname.split('/').slice(1);
  if (given.length > 1 && given.at(-1) === '') given.pop();
  for (const { name, parts } of table) {
    const params = match(parts, given);
    if (params) return { name, params, query: url.searchParams, hash: url.hash, path: url.pathname };
  }
  return { name: 'missing', params: {}, query: url.searchParams, hash: url.hash, path: url.pathname };
}

function show() {
  route.value = resolve(new URL(location.href));
}

/**
 * Goes to a page of ours.
 * @param {string} path
 * @param {{replace?: boolean}} [how]
 */
async function go(path, { replace = false } = {}) {
  const url = new URL(path, location.href);
  if (url.origin !== location.origin) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', url.pathname + url.search + url.hash);
  show();
}

/**
 * Properties of a link to a page of ours: a plain click goes there without a reload.
 * @param {string} path
 */
function link(path) {
  return {
    href: path,
    onClick: (/** @type {MouseEvent} */ event) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      void go(path);
    },
  };
}

/** The page a conversation is shown on. @param {{id: string, kind?: string}} conversation */
function pathOf({ id, kind }) {
  const letter = kind === 'note' ? 'n' : kind === 'document' ? 'd' : 'c';
  return `/${letter}/${id}`;
}

/** What loads a page with its sheet. @param {string} name @returns {(() => Promise<{default: unknown}>) | undefined} */
function loaderOf(name) {
  const found = table.find((entry) => entry.name === name);
  return found && (async () => (await Promise.all([found.load(), found.style && loadStyle(found.style)]))[0]);
}

/** Begins to listen to the address bar; all pages are registered by now. */
function startRouter() {
  addEventListener('popstate', show);
  show();
}

export { go, link, loaderOf, pathOf, registerRoute, route, startRouter };
