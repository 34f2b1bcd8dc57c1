/** stub while writing */
import { h, html } from '../lib/dom.js';
import { Dialog } from '../lib/dialog.js';
function Palette({ close }) {
  return h(Dialog, { title: 'Palette', onClose: () => close() }, html`<p>…</p>`);
}
export { Palette };
