/** Where a bundle comes from: a file is dropped or picked and sent, or a place is named. Installs nothing. */
import { html, h, useRef, useState } from '../../lib/dom.js';
import { request } from '../../lib/api.js';
import { words as said } from '../../strings/manage-bundles.js';
import { Field, ProblemNote, Prose, useWork } from './common.js';
import { inspect } from './bundles-offer.js';

const LARGEST = 258 * 1024 * 1024;

/** @param {{onFound: (offer: import('./bundles-offer.js').Offer) => void}} props */
export function BundleSource({ onFound }) {
  const work = useWork();
  const [isOver, setOver] = useState(false);
  const [place, setPlace] = useState('');
  const picker = useRef(null);
  const take = (files) => {
    const [file] = files;
    if (file) void work.run(async () => onFound(await upload(file)));
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer?.files ?? []);
  };
  const over = (event) => {
    event.preventDefault();
    setOver(true);
  };
  const picked = (event) => {
    take(event.target.files);
    event.target.value = '';
  };
  const look = (event) => {
    event.preventDefault();
    void work.run(async () => onFound(await inspect({ source: { from: 'place', place: place.trim() } })));
  };
  return html`<div class=${`manage-drop ${isOver ? 'manage-drop-over' : ''}`} data-testid="bundle-drop"
      onDragOver=${over} onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <p>${h(Prose, { text: said.drop })}</p>
    <input ref=${picker} type="file" accept=".abundle" hidden onChange=${picked} data-testid="bundle-file" aria-label=${said.pick} />
    <button type="button" class="button" disabled=${work.isBusy} onClick=${() => picker.current.click()}>${said.pick}</button>
    <form class="manage-row" onSubmit=${look}>
      ${h(Field, {
        id: 'bundle-place', label: said.place, help: h(Prose, { text: said.placeHelp }),
        children: (tie) => html`<input ...${tie} class="input" spellcheck="false" value=${place} onInput=${(event) => setPlace(event.target.value)} />`,
      })}
      <button type="submit" class="button" disabled=${work.isBusy || !place.trim()}>${work.isBusy ? said.looking : said.look}</button>
    </form>
    ${h(ProblemNote, { problem: work.problem })}
  </div>`;
}

/** @param {File} file @returns {Promise<import('./bundles-offer.js').Offer>} */
async function upload(file) {
  if (file.size > LARGEST) throw new Error(said.tooLarge);
  const answer = await request('/api/bundles/upload', {
    method: 'POST',
    query: { name: file.name },
    headers: { 'Content-Type': 'application/octet-stream' },
    body: file,
  });
  return { report: await answer.json(), how: {} };
}
