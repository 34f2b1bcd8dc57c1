/** Where a bundle comes from: a file is dropped or picked and sent, or a place is named. Installs nothing. */
import { html, h, useState } from '../../lib/dom.js';
import { request } from '../../lib/api.js';
import { words as said } from '../../strings/manage-bundles.js';
import { Field, ProblemNote, Prose, useWork } from './common.js';
import { inspect } from './bundles-offer.js';
import { Drop } from './drop.js';

const LARGEST = 258 * 1024 * 1024;

/** @param {{onFound: (offer: import('./bundles-offer.js').Offer) => void}} props */
export function BundleSource({ onFound }) {
  const work = useWork();
  const [place, setPlace] = useState('');
  const take = (/** @type {File[]} */ [file]) => void work.run(async () => onFound(await upload(file)));
  const look = (event) => {
    event.preventDefault();
    void work.run(async () => onFound(await inspect({ source: { from: 'place', place: place.trim() } })));
  };
  return h(Drop, {
    text: h(Prose, { text: said.drop }), pick: said.pick, accept: '.abundle', isBusy: work.isBusy,
    testid: 'bundle-drop', fileTestid: 'bundle-file', take,
    children: html`
      <form class="manage-row" onSubmit=${look}>
        ${h(Field, {
          id: 'bundle-place', label: said.place, help: h(Prose, { text: said.placeHelp }),
          children: (tie) => html`<input ...${tie} class="input" spellcheck=${false} value=${place} onInput=${(event) => setPlace(event.target.value)} />`,
        })}
        <button type="submit" class="button" disabled=${work.isBusy || !place.trim()}>${work.isBusy ? said.looking : said.look}</button>
      </form>
      ${h(ProblemNote, { problem: work.problem })}
    `,
  });
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
