/** A bundle that could be installed: who signed it, what it will be able to do or what will differ, and the yes to exactly that. */
import { html, h } from '../../lib/dom.js';
import { op, post } from '../../lib/api.js';
import { size } from '../../lib/format.js';
import { words as said } from '../../strings/manage-bundles.js';
import { Note, ProblemNote, Prose, useWork } from './common.js';
import { Changes, grouped, Powers } from './bundles-powers.js';

/** @typedef {{may_be_unsigned?: boolean, may_be_older?: boolean}} How how much may be unusual about it */
/** @typedef {{report: any, how: How}} Offer */

/**
 * Looks at a bundle. @param {{source: object} & How} wish @returns {Promise<Offer>}
 */
export async function inspect({ source, ...how }) {
  return { report: await post('/api/bundles/inspect', { source, ...how }), how };
}

/** @param {{offer: Offer, change: (offer: Offer) => void, installed: () => Promise<void>, cancel: () => void}} props */
export function BundleOffer({ offer, change, installed, cancel }) {
  const work = useWork();
  const { report, how } = offer;
  const isNew = report.step === 'install';
  const isSame = report.step === 'same';
  const shown = { from: 'shown', digest: report.digest };
  const agree = () => work.run(async () => {
    await op('bundle', { verb: 'install', source: shown, ...how, digest: report.digest });
    await installed();
  }, said.done(report.name, report.version));
  const allow = (event) => {
    const may_be_unsigned = event.target.checked;
    void work.run(async () => change(await inspect({ source: shown, ...how, may_be_unsigned })));
  };
  const head = isNew ? said.willInstall(report.name, report.version) : said.willChange(report.name, report.installed ?? '', report.version);
  const refusals = report.refusals ?? [];
  return html`<section class="manage-card" aria-labelledby="bundle-offer" data-testid="bundle-offer" data-step=${report.step}>
    <header class="manage-card-head"><h3 id="bundle-offer">${isSame ? said.same(report.name, report.version) : head}</h3></header>
    ${report.description ? html`<p>${report.description}</p>` : null}
    ${h(About, { report })}
    ${h(Signature, { report })}
    ${(report.notes ?? []).map((note) => h(Note, { kind: 'warn', children: html`<p>${note}</p>` }))}
    <h4>${isNew ? said.canAll : said.differs}</h4>
    ${isNew ? h(Powers, { powers: report.powers }) : h(Changes, { changes: report.changes })}
    ${refusals.map((problem) => h(ProblemNote, { problem }))}
    ${report.signature === 'unsigned'
      ? html`<label class="manage-choice"><input type="checkbox" checked=${Boolean(how.may_be_unsigned)} disabled=${work.isBusy} onChange=${allow} data-testid="bundle-unsigned" /> ${said.allowUnsigned}</label>`
      : null}
    ${h(ProblemNote, { problem: work.problem })}
    <div class="manage-actions">
      <button type="button" class="button button-primary" data-testid="bundle-install" disabled=${work.isBusy || isSame || refusals.length > 0} onClick=${agree}>${isNew ? said.agree : said.agreeChange}</button>
      <button type="button" class="button" onClick=${cancel}>${said.cancel}</button>
    </div>
  </section>`;
}

function About({ report }) {
  const rows = [
    [said.author, report.author],
    [said.licence, report.licence],
    [said.from, report.source],
    [said.files, `${report.files.length} · ${size(report.size_bytes)}`],
  ];
  return html`<dl class="manage-facts">
    ${rows.map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}
    <div><dt>${said.hash}</dt><dd><code>${report.hash}</code></dd></div>
  </dl>`;
}

function Signature({ report }) {
  if (report.signature === 'unsigned') return null;
  const { trust, pinned } = report.trust;
  return h(Note, {
    kind: trust === 'known' ? 'info' : 'warn',
    children: html`
      <p>${said.signedBy} <code>${grouped(report.fingerprint)}</code></p>
      <p>${h(Prose, { text: said.trust[trust] })}</p>
      ${pinned ? html`<p>${said.before}: <code>${grouped(pinned)}</code></p>` : null}
    `,
  });
}
