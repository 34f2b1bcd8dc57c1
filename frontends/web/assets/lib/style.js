/** Style sheets of pages that are not there from the beginning. */

const home = new URL('../css/', import.meta.url).href;
/** @type {Map<string, Promise<void>>} */
const loaded = new Map();

/**
 * Loads a sheet of `css/` once; a sheet that does not come leaves the page plain and whole.
 * @param {string} name without its ending
 * @returns {Promise<void>}
 */
function loadStyle(name) {
  const known = loaded.get(name);
  if (known) return known;
  const loading = new Promise((resolve) => {
    const sheet = document.createElement('link');
    sheet.rel = 'stylesheet';
    sheet.href = `${home}${name}.css`;
    sheet.onload = () => resolve();
    sheet.onerror = () => resolve();
    document.head.append(sheet);
  });
  loaded.set(name, loading);
  return loading;
}

export { loadStyle };
