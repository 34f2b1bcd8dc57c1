/** The way back to where one writes. */

/** Gives the composer the focus. */
export function focusComposer() {
  /** @type {HTMLElement|null} */ (document.querySelector('[data-testid="composer"] textarea'))?.focus({ preventScroll: true });
}

/** Escape leaves a card and answers nothing. @param {KeyboardEvent} event */
export function backToComposer(event) {
  if (event.key !== 'Escape' || event.defaultPrevented) return;
  event.preventDefault();
  event.stopPropagation();
  focusComposer();
}
