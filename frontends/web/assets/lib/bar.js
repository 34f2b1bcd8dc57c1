/** What the title bar shows for a page besides its name. Pages set it; the shell draws it. */
import { signal } from '../vendor/signals.js';

/** @typedef {{title?: string, actions?: () => unknown}} Bar */

/** @type {import('../vendor/signals.js').Signal<Bar>} */
const bar = signal({});

/**
 * Puts a title or controls into the title bar while a page is shown; call it in an effect and return what it returns.
 * @param {Bar} content
 * @returns {() => void} takes it back
 */
function setBar(content) {
  bar.value = content;
  return () => {
    if (bar.value === content) bar.value = {};
  };
}

export { bar, setBar };
