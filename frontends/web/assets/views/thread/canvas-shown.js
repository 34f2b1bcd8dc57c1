/** Whether the canvas of a conversation is shown, and the switch for it. */
import { signal } from '../../lib/dom.js';
import { pref, save } from '../../lib/prefs.js';

const wide = matchMedia('(min-width: 1101px)');
const isWide = signal(wide.matches);
wide.addEventListener('change', () => (isWide.value = wide.matches));

/** Whether the canvas of a conversation is shown. @param {any} conversation */
const canvasPref = (conversation) => pref(`canvas.${conversation.id}`, /** @type {boolean|null} */ (null));

/** Whether there is one, or the model is writing one. @param {any} conversation */
function hasCanvas(conversation) {
  return conversation.canvases.value.length > 0 || conversation.drafts.value.some((/** @type {any} */ one) => /canvas/.test(one.tool));
}

/** @param {any} conversation */
export function isCanvasShown(conversation) {
  // Where it would lie over the thread, it comes when it is asked for.
  return hasCanvas(conversation) && (canvasPref(conversation).value ?? isWide.value);
}

/** @param {any} conversation */
export function toggleCanvas(conversation) {
  if (hasCanvas(conversation)) save(`canvas.${conversation.id}`, !isCanvasShown(conversation));
}
