/** The page of a note or document: written or previewed, kept by itself. */
import { h, html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../lib/dom.js';
import { attempt } from '../lib/actions.js';
import { assertive } from '../lib/announce.js';
import { get, op, problemOf } from '../lib/api.js';
import { openLayer } from '../lib/dialog.js';
import { clock } from '../lib/format.js';
import { Icon } from '../lib/icons.js';
import { registerKeys } from '../lib/keys.js';
import { add, known } from '../lib/list.js';
import { Markdown } from '../lib/markdown/markdown.js';
import { pref, save } from '../lib/prefs.js';
import { insertRef, textRef } from '../lib/refs.js';
import { TextModel } from '../lib/text.js';
import { words as shell } from '../strings/shell.js';
import { words } from '../strings/note.js';
import { Conflict } from './note-conflict.js';
import { History } from './note-history.js';

const mode = pref('note-mode', 'edit');

/** @param {{id: string}} props */
export default function NotePage({ id }) {
  return h(Note, { key: id, id });
}

/** @param {{id: string}} props */
function Note({ id }) {
  const [round, setRound] = useState(0);
  const model = useMemo(() => new TextModel(id), [id, round]);
  const [missing, setMissing] = useState(/** @type {{message: string, hint?: string, title?: string} | null} */ (null));
  useEffect(() => {
    void get(`/api/conversations/${id}`).then(
      (read) => {
        add([read]);
        return model.open(read.seq);
      },
      (error) => setMissing(error.status === 404 ? { message: shell.missingText } : { ...problemOf(error), title: shell.failedTitle }),
    );
    const leave = () => void model.flush({ isLeaving: true });
    addEventListener('pagehide', leave);
    return () => {
      removeEventListener('pagehide', leave);
      model.close();
    };
  }, [id, round]);
  useNoteKeys(model);
  const view = known.value.get(id);
  const status = model.status.value;
  useEffect(() => {
    if (status === 'conflict') assertive(words.conflictTitle);
    if (status === 'failed') assertive(words.failed);
  }, [status]);
  useFirstTitle(view, model);
  const again = () => {
    setMissing(null);
    setRound(round + 1);
  };
  if (missing) return html`<main class="shell-main plain-page" id="main" tabindex="-1"><h1>${missing.title ?? shell.missingTitle}</h1><p>${missing.message}</p>
    ${missing.hint && html`<p>${missing.hint}</p>`}${missing.title && html`<p><button class="button" onClick=${again}>${shell.retry}</button></p>`}</main>`;
  return html`<main class="shell-main note" id="main" tabindex="-1">
    ${h(Head, { view, model })}
    ${status === 'failed' && h(Failed, { model })}
    ${status === 'conflict' && h(Conflict, { model })}
    ${mode.value === 'preview' ? h(Look, { id, text: model.text.value }) : h(Field, { model })}
  </main>`;
}

/** @param {{view?: import('../lib/list.js').View, model: TextModel}} props */
function Head({ view, model }) {
  const kind = view?.kind === 'document' ? 'document' : 'note';
  const rename = (event) => {
    const title = event.currentTarget.value.trim();
    if (view && title && title !== view.title) void attempt(() => op('conversation', { verb: 'rename', conversation: view.id, title }));
  };
  const key = (event) => {
    if (event.key !== 'Enter' || event.isComposing) return;
    event.preventDefault();
    /** @type {HTMLElement|null} */ (document.querySelector('.note-field'))?.focus();
  };
  const history = () => void openLayer((close) => h(History, { id: view.id, model, close }));
  const isPreview = mode.value === 'preview';
  return html`<header class="note-head">
    <h1 class="hidden-text">${view?.title || words.titleHint[kind]}</h1>
    <input class="note-title" aria-label=${words.title} placeholder=${words.titleHint[kind]} value=${view?.title ?? ''} maxlength="200"
      autocomplete="off" onChange=${rename} onKeyDown=${key} />
    <div class="note-tools">
      <div class="note-modes" role="group" aria-label=${words.mode}>
        <button class="button" aria-pressed=${String(!isPreview)} onClick=${() => save('note-mode', 'edit')}>${words.edit}</button>
        <button class="button" aria-pressed=${String(isPreview)} onClick=${() => save('note-mode', 'preview')}>${words.preview}</button>
      </div>
      ${h(Status, { model })}
      <span class="note-space"></span>
      <button class="button" aria-label=${words.history} disabled=${!view} onClick=${history}>${h(Icon, { name: 'history' })}${words.historyShort}</button>
      <button class="button" aria-label=${words.sendRef} disabled=${!view} onClick=${() => sendRef(view, model)}>${h(Icon, { name: 'send' })}${words.sendRefShort}</button>
    </div>
  </header>`;
}

/** @param {{model: TextModel}} props */
function Status({ model }) {
  const status = model.status.value;
  const count = model.text.value.split(/\s+/).filter(Boolean).length;
  const when = status === 'saved' && model.savedAt.value ? ` ${clock(model.savedAt.value)}` : '';
  return html`<span class="note-status" data-state=${status}><strong data-testid="save-state">${words.status[status]}</strong>${when}
    <span class="muted"> · ${words.version(model.version.value)} · ${words.count(count)}</span></span>`;
}

/** The field grows with its text, so that the page has one scroll bar. @param {{model: TextModel}} props */
function Field({ model }) {
  const field = useRef(null);
  const text = model.text.value;
  useLayoutEffect(() => {
    const area = field.current;
    if (area.value !== text) replaceText(area, text);
  }, [text]);
  return html`<div class="note-page" data-text=${`${text}\n`}>
    <textarea ref=${field} class="note-field" aria-label=${words.text} placeholder=${words.textHint} spellcheck="true" disabled=${!model.isRead.value}
      onInput=${(event) => model.type(event.currentTarget.value)} onBlur=${() => model.flush()}></textarea>
  </div>`;
}

/** Somebody else's words take the field without moving the caret. @param {HTMLTextAreaElement} area @param {string} text */
function replaceText(area, text) {
  const { selectionStart, selectionEnd } = area;
  area.value = text;
  if (document.activeElement === area) area.setSelectionRange(selectionStart, selectionEnd);
}

/** @param {{id: string, text: string}} props */
function Look({ id, text }) {
  return html`<div class="note-page note-preview" tabindex="0" role="region" aria-label=${words.preview}>
    ${text.trim() ? h(Markdown, { text, isStreaming: false, id: `note-${id}` }) : html`<p class="muted">${words.empty}</p>`}
  </div>`;
}

/** @param {{model: TextModel}} props */
function Failed({ model }) {
  const problem = model.problem.value;
  return html`<div class="problem note-problem">
    <p><strong>${words.failed}</strong> ${problem?.message}${problem?.hint && `. ${problem.hint}`}</p>
    <p><button class="button" onClick=${() => model.flush()}>${words.retry}</button></p>
  </div>`;
}

/** @param {import('../lib/list.js').View} view @param {TextModel} model */
async function sendRef(view, model) {
  await model.flush();
  await insertRef({ text: textRef(view), title: view.title });
}

/** A text without a title gets its first words, once it has some. @param {import('../lib/list.js').View | undefined} view @param {TextModel} model */
function useFirstTitle(view, model) {
  const status = model.status.value;
  useEffect(() => {
    if (!view || view.title || status !== 'saved') return;
    const line = model.text.value.split('\n').map((one) => one.replace(/^[#>*\-\s]+/, '').trim()).find(Boolean);
    if (line) void op('conversation', { verb: 'rename', conversation: view.id, title: line.slice(0, 80) }).catch(() => {});
  }, [status, view?.title]);
}

/** @param {TextModel} model */
function useNoteKeys(model) {
  useEffect(
    () =>
      registerKeys(words.scope, [
        { keys: 'Mod+S', label: words.saveNow, run: () => void model.flush() },
        { keys: 'Mod+E', label: words.toggle, run: () => save('note-mode', mode.value === 'preview' ? 'edit' : 'preview') },
      ]),
    [model],
  );
}
