/** Keeps the focus of somebody at the keys: what they pressed may be gone, or rest for a moment, once it has done its work. */
import { useLayoutEffect, useRef } from '../../lib/dom.js';

/**
 * Whatever inside an element has the focus gets it back after it was disabled; if it is gone, the element itself does.
 * Whoever goes elsewhere is left there.
 *
 * @returns {{current: any}} for the element, which can be focused by a script
 */
export function useKeptFocus() {
  const element = useRef(/** @type {HTMLElement|null} */ (null));
  const last = useRef(/** @type {any} */ (null));
  useLayoutEffect(() => {
    const { current } = element;
    const came = (/** @type {FocusEvent} */ event) => (last.current = event.target);
    const went = (/** @type {FocusEvent} */ event) => {
      const { target } = /** @type {any} */ (event);
      // What is taken away or disabled did not choose to lose it; it is still there while it is told so.
      queueMicrotask(() => {
        if (target === last.current && target.isConnected && !target.disabled && document.activeElement !== target) last.current = null;
      });
    };
    current?.addEventListener('focusin', came);
    current?.addEventListener('focusout', went);
    return () => {
      current?.removeEventListener('focusin', came);
      current?.removeEventListener('focusout', went);
    };
  }, []);
  useLayoutEffect(() => {
    const mine = last.current;
    const isLost = document.activeElement === document.body || document.activeElement === mine;
    if (!mine || !isLost || document.activeElement === element.current) return;
    if (mine.isConnected && mine.disabled) return;
    const next = mine.isConnected ? mine : element.current;
    if (next !== document.activeElement) next?.focus({ preventScroll: mine.isConnected });
  });
  return element;
}
