/** Two texts where one was expected: both are shown, and a person decides. */
import { html } from '../lib/dom.js';
import { words } from '../strings/note.js';

/** @param {{model: import('../lib/text.js').TextModel}} props */
function Conflict({ model }) {
  const theirs = model.theirs.value;
  if (!theirs) return null;
  return html`<section class="problem note-problem" aria-label=${words.conflictTitle} data-testid="conflict">
    <h2>${words.conflictTitle}</h2>
    <p>${words.conflictText}</p>
    <div class="note-sides">
      <div><h3>${words.mine}</h3><pre tabindex="0" aria-label=${words.mine}>${model.text.value}</pre></div>
      <div><h3>${words.theirs(theirs.version, theirs.author)}</h3><pre tabindex="0" aria-label=${words.theirs(theirs.version, theirs.author)}>${theirs.body}</pre></div>
    </div>
    <p class="note-choices">
      <button class="button" onClick=${() => model.keep('mine')}>${words.keepMine}</button>
      <button class="button" onClick=${() => model.keep('theirs')}>${words.keepTheirs}</button>
      <button class="button" onClick=${() => model.keep('both')}>${words.keepBoth}</button>
    </p>
  </section>`;
}

export { Conflict };
