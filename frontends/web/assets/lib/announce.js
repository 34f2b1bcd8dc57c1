/** Tells screen readers what happened, through the two regions of `index.html`. Events only, never running text. */

/** @param {string} id @param {string} text */
function say(id, text) {
  const region = document.getElementById(id);
  if (!region) return;
  // The same words twice are only read again if the region was changed in between.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}

/** Once the reader is at rest. @param {string} text */
function polite(text) {
  say('announce-polite', text);
}

/** At once: approvals and errors. @param {string} text */
function assertive(text) {
  say('announce-assertive', text);
}

export { assertive, polite };
