/** A look into what is selected in the palette: the last words of a chat, the first of a note. Text only. */
import { html, useEffect, useState } from '../lib/dom.js';
import { titleOf } from '../lib/actions.js';
import { get, problemOf } from '../lib/api.js';
import { words } from '../strings/palette.js';
import { words as shell } from '../strings/shell.js';

const LAST = 12;
const LONGEST = 1_200;

/** @param {import('../lib/list.js').View} view @returns {Promise<string[]>} */
async function wordsIn(view) {
  const path = `/api/conversations/${view.id}`;
  if (view.kind !== 'chat') return [(await get(`${path}/text`)).body.slice(0, LONGEST)];
  const { entries } = await get(`${path}/items`, { limit: LAST });
  return entries.map(({ body }) => textOf(body)).filter(Boolean).slice(-4);
}

/** @param {any} body of an item */
function textOf(body) {
  const parts = Array.isArray(body.content) ? body.content.map(({ text }) => text ?? '').join('\n') : (body.text ?? '');
  return parts.slice(0, LONGEST);
}

/** @param {{view: import('../lib/list.js').View}} props */
function Preview({ view }) {
  const [parts, setParts] = useState(/** @type {string[] | null} */ (null));
  useEffect(() => void wordsIn(view).then(setParts, (error) => setParts([problemOf(error).message])), [view.id]);
  return html`<section class="palette-preview" aria-label=${words.preview(titleOf(view))} aria-live="polite">
    <h3>${titleOf(view)}</h3>
    ${parts === null && html`<p class="muted">${shell.loading}</p>`}
    ${parts?.map((part, at) => html`<p key=${at}>${part}</p>`)}
    ${parts?.every((part) => !part) && html`<p class="muted">${words.previewEmpty}</p>`}
  </section>`;
}

export { Preview };
