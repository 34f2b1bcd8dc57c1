/** A line between two parts of the page that makes one wider: dragged, or moved with the arrow keys. */
import { html } from './dom.js';

const STEP = 16;

/**
 * @param {{label: string, value: number, min: number, max: number, onChange: (value: number) => void, isReversed?: boolean}} props
 *   Units: CSS pixels. `isReversed` if the part that it makes wider is after it.
 */
function Splitter({ label, value, min, max, onChange, isReversed = false }) {
  const sign = (isReversed ? -1 : 1) * (document.dir === 'rtl' ? -1 : 1);
  const set = (next) => onChange(Math.round(Math.min(max, Math.max(min, next))));
  const down = (event) => {
    event.preventDefault();
    const line = event.currentTarget;
    const from = event.clientX;
    line.setPointerCapture(event.pointerId);
    const move = (moved) => set(value + sign * (moved.clientX - from));
    line.addEventListener('pointermove', move);
    line.addEventListener('lostpointercapture', () => line.removeEventListener('pointermove', move), { once: true });
  };
  const key = (event) => {
    const next = { ArrowLeft: value - sign * STEP, ArrowRight: value + sign * STEP, Home: min, End: max }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(next);
  };
  return html`<div class="splitter" role="separator" aria-orientation="vertical" tabindex="0" aria-label=${label}
    aria-valuenow=${value} aria-valuemin=${min} aria-valuemax=${max} onPointerDown=${down} onKeyDown=${key}></div>`;
}

export { Splitter };
