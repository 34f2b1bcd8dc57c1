/** What an empty thread offers: three real things to begin with. */
import { html } from '../../lib/dom.js';
import { words } from '../../strings/thread.js';

/** @param {{onChoose: (text: string) => void}} props */
export function Starters({ onChoose }) {
  return html`<div class="thread-empty"><h2>${words.thread.empty}</h2>
    <div class="thread-starters">${words.thread.starters.map(
      (text) => html`<button class="button" onClick=${() => onChoose(text)}>${text}</button>`,
    )}</div></div>`;
}
