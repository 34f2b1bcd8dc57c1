/** What an effect would do, shown whole: the exact command, the full difference, all arguments, with nothing hidden in it. */
import { h, html } from '../lib/dom.js';
import { size } from '../lib/format.js';
import { words } from '../strings/item.js';
import { imageAddress, Revealed, revealedLine } from './item/common.js';
import { Diff } from './item/diff.js';

const say = words.approval;
/** Lines of a difference that are shown with their numbers; more of them as plain text. */
const MOST_LINES = 5000;
/** Characters that are shown without a further step, and that have to be shown before a yes. */
const MOST = 64 * 1024;

/** The texts that have to be seen to decide. @param {any} effect @returns {string[]} */
function textsOf({ summary, detail, preview }) {
  const texts = [detail ?? summary];
  if (preview?.type === 'text') texts.push(preview.text);
  if (preview?.type === 'json') texts.push(JSON.stringify(preview.value, null, 2));
  if (preview?.type === 'diff') texts.push(preview.unified);
  return texts;
}

/** @param {any} effect */
function lengthOf(effect) {
  return textsOf(effect).reduce((sum, text) => sum + text.length, 0);
}

/** Whether a person has to ask for all of it before they may allow it. @param {any} effect */
function isTooLong(effect) {
  return lengthOf(effect) > MOST;
}

/** @param {{effect: any, isWhole: boolean, onWhole: () => void}} props */
function Effect({ effect, isWhole, onWhole }) {
  const { summary, detail, preview, kind } = effect;
  const isCommand = kind === 'process' || kind === 'unconfined';
  const all = lengthOf(effect);
  const cut = (text) => (isWhole ? text : text.slice(0, MOST));
  return html`<div class="approval-effect">
    ${(!isCommand || detail === undefined) &&
    html`<p class=${isCommand ? 'approval-command' : 'approval-summary'}>${h(Revealed, { text: isCommand ? cut(summary) : summary })}
      ${preview?.type === 'diff' && html` <span class="item-added">${words.tool.added(preview.added)}</span> <span class="item-removed">${words.tool.removed(preview.removed)}</span>`}</p>`}
    ${detail !== undefined && h(Whole, { text: cut(detail) })}
    ${preview && h(Preview, { preview, cut, isWhole })}
    ${!isWhole &&
    html`<p class="approval-hidden"><span>${say.hidden(size(Math.max(0, all - MOST)), size(all))}</span>
      <button type="button" class="button" onClick=${onWhole}>${say.showAll}</button></p>`}
  </div>`;
}

/** @param {{text: string}} props */
function Whole({ text }) {
  return html`<pre class="approval-text" tabindex="0" role="group" aria-label=${say.content}>${h(Revealed, { text })}</pre>`;
}

/** What a tool says it will write. @param {{preview: any, cut: (text: string) => string, isWhole: boolean}} props */
function Preview({ preview, cut, isWhole }) {
  if (preview.type === 'text') return h(Whole, { text: cut(preview.text) });
  if (preview.type === 'json') return h(Whole, { text: cut(JSON.stringify(preview.value, null, 2)) });
  if (preview.type === 'diff' && preview.unified.split('\n').length > MOST_LINES) return h(Whole, { text: cut(preview.unified) });
  if (preview.type === 'diff') {
    return html`<div class="approval-diff">${h(Diff, { unified: isWhole ? preview.unified : cut(preview.unified), path: revealedLine(preview.path), isWhole: true })}</div>`;
  }
  const address = imageAddress(preview);
  return address ? html`<img class="approval-image" src=${address} alt=${preview.media_type} />` : html`<p>[${revealedLine(preview.media_type)}]</p>`;
}

export { Effect, isTooLong };
