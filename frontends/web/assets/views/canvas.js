/** The door to the canvas panel, which is loaded when a conversation has a canvas. */
import { h, useEffect, useState } from '../lib/dom.js';
import { writtenNow } from './canvas-model.js';
import { loading } from './item/common.js';

/** @type {any} */
let panel = null;

/** Whether a conversation has anything to show there; true from the first words that are written into one. @param {any} conversation */
function hasCanvas(conversation) {
  return conversation.canvases.value.length > 0 || writtenNow(conversation.drafts?.value ?? []) !== null;
}

/** @param {{conversation: any, onClose?: () => void}} props */
function CanvasPanel(props) {
  const [, setLoaded] = useState(panel !== null);
  useEffect(() => {
    if (panel) return;
    return loading(() => import('./canvas-panel.js'), (module) => {
      panel = module.CanvasPanel;
      setLoaded(true);
    });
  }, []);
  return panel && h(panel, props);
}

export { CanvasPanel, hasCanvas };
