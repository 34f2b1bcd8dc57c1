/** `/tools/bundles`: what is installed as bundles, what each can do, newer versions and older ones, removing. */
import { html, h, useState } from '../../lib/dom.js';
import { get, op } from '../../lib/api.js';
import { confirm } from '../../lib/dialog.js';
import { words as said } from '../../strings/manage-bundles.js';
import { Badge, Empty, Loaded, Part, ProblemNote, Prose, useFacts, useRead, useWork } from './common.js';
import { BundleOffer, inspect } from './bundles-offer.js';
import { grouped, Powers } from './bundles-powers.js';
import { BundleSource } from './bundles-source.js';

/** The part of the page. */
export function Bundles() {
  const read = useRead(() => get('/api/bundles'), []);
  const [offer, setOffer] = useState(null);
  useFacts(['bundle'], read.reload);
  const installed = async () => {
    setOffer(null);
    await read.reload();
  };
  return h(Part, {
    id: 'tools-bundles', title: said.title, intro: h(Prose, { text: said.intro }),
    children: html`
      ${h(BundleSource, { onFound: setOffer })}
      ${offer ? h(BundleOffer, { key: offer.report.digest, offer, change: setOffer, installed, cancel: () => setOffer(null) }) : null}
      ${h(Loaded, { read, children: (bundles) => h(List, { bundles, offer: setOffer, reload: read.reload }) })}
    `,
  });
}

function List({ bundles, offer, reload }) {
  if (bundles.length === 0) return h(Empty, { text: said.none });
  return html`<ul class="manage-cards" data-testid="bundles">
    ${bundles.map((bundle) => html`<li key=${bundle.name}>${h(Card, { bundle, offer, reload })}</li>`)}
  </ul>`;
}

function Card({ bundle, offer, reload }) {
  const work = useWork();
  const id = `bundle-${bundle.name}`;
  const look = (source, how) => work.run(async () => offer(await inspect({ source, ...how })));
  const remove = async () => {
    const isSure = await confirm({ title: said.removeTitle(bundle.name), text: said.removeText, action: said.remove, isDanger: true });
    if (!isSure) return;
    await work.run(async () => {
      await op('bundle', { verb: 'remove', name: bundle.name });
      await reload();
    }, said.removed(bundle.name));
  };
  const isUnsigned = !bundle.fingerprint;
  return html`<article class=${`manage-card ${bundle.problem || isUnsigned ? 'manage-card-warn' : ''}`} aria-labelledby=${id} data-testid="bundle" data-name=${bundle.name}>
    <header class="manage-card-head">
      <h3 id=${id}>${bundle.name} ${bundle.version}</h3>
      ${bundle.problem ? h(Badge, { kind: 'danger', sign: '✗', children: said.damaged }) : h(Badge, { kind: 'ok', sign: '●', children: said.installed })}
      ${isUnsigned ? h(Badge, { kind: 'warn', sign: '⚠', children: said.unsigned }) : null}
      <div class="manage-actions">
        <button type="button" class="button" disabled=${work.isBusy} aria-label=${said.updateNamed(bundle.name)}
          onClick=${() => look({ from: 'again', name: bundle.name }, { may_be_unsigned: isUnsigned })}>${said.update}</button>
        <button type="button" class="button" disabled=${work.isBusy} onClick=${remove} aria-label=${said.removeNamed(bundle.name)}>${said.remove}</button>
      </div>
    </header>
    ${bundle.description ? html`<p>${bundle.description}</p>` : null}
    ${h(ProblemNote, { problem: work.problem })}
    ${bundle.problem ? h(ProblemNote, { problem: bundle.problem }) : null}
    <p class="manage-muted">${[bundle.author, bundle.licence, bundle.source].filter(Boolean).join(' · ')}</p>
    ${bundle.fingerprint ? html`<p class="manage-muted">${said.signedBy} <code>${grouped(bundle.fingerprint)}</code></p>` : null}
    ${(bundle.kept ?? []).map((version) => html`<p><button type="button" class="button" disabled=${work.isBusy}
      onClick=${() => look({ from: 'kept', name: bundle.name, version }, { may_be_older: true, may_be_unsigned: isUnsigned })}>${said.back(version)}</button></p>`)}
    <details class="manage-details"><summary>${said.can}</summary>${h(Powers, { powers: bundle.powers })}</details>
  </article>`;
}
