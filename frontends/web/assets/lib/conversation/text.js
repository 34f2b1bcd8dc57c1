/**
 * Joins previews of a growing text by how many Unicode scalar values each says come before it. Pure.
 *
 * A preview never leaves a gap: whoever missed one is sent the whole text anew, from place 0.
 */

/** How many Unicode scalar values a text has. @param {string} text */
export function scalars(text) {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(at + 1);
      if (next >= 0xdc00 && next < 0xe000) {
        count--;
        at++;
      }
    }
  }
  return count;
}

/** A text without its first `count` Unicode scalar values. @param {string} text @param {number} count */
export function withoutFirst(text, count) {
  let at = 0;
  for (let left = count; left > 0 && at < text.length; left--) {
    const point = text.codePointAt(at) ?? 0;
    at += point > 0xffff ? 2 : 1;
  }
  return text.slice(at);
}

/**
 * What a preview adds to a text of which `had` scalar values are known; nothing if it is known already, or if there
 * is a gap that will be healed.
 *
 * @param {number} had @param {{at?: number, text: string}} delta
 */
export function beyond(had, delta) {
  const at = delta.at ?? had;
  if (at > had) return '';
  return at === had ? delta.text : withoutFirst(delta.text, had - at);
}
