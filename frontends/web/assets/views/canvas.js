/** The panel beside the conversation: texts that grow there, their versions, differences, previews, and writing by hand. */
import { get, op, post, problemOf } from '../lib/api.js';
import { copyText, saveBlob } from '../lib/copy.js';
import { h, html, useEffect, useLayoutEffect, useRef, useState } from '../lib/dom.js';
import { clock } from '../lib/format.js';
import { Icon } from '../lib/icons.js';
import { Markdown } from '../lib/markdown/markdown.js';
import { pref, save } from '../lib/prefs.js';
import { Splitter } from '../lib/splitter.js';
import { toast } from '../lib/toast.js';
import { words } from '../strings/item.js';
import { asCode, fileName, hasPreview, isMarkdown, writtenNow } from './canvas-model.js';
import { revealedLine } from './item/common.js';
import { Diff } from './item/diff.js';

const say = words.canvas;
const WIDTH = { fallback: 480, min: 280, max: 1000 };
const width = pref('canvas.width', WIDTH.fallback);

/** What the model is writing; kept until the canvas itself is there. @param {any} conversation */
function useWritten(conversation) {
  const last = useRef(/** @type {any} */ (null));
  const canvases = conversation.canvases.value;
  const now = writtenNow(conversation.drafts?.value ?? []);
  if (now) last.current = { now, canvases };
  else if (last.current && (last.current.canvases !== canvases || !conversation.run?.value)) last.current = null;
  return last.current ? { ...last.current.now, isStreaming: Boolean(now) } : null;
}

/** @param {{conversation: any, onClose?: () => void}} props */
function CanvasPanel({ conversation, onClose }) {
  const written = useWritten(conversation);
  const canvases = conversation.canvases.value;
  const [chosen, setChosen] = useState('');
  const newest = canvases.reduce((a, b) => (a && a.updated_at > b.updated_at ? a : b), null);
  const count = useRef(canvases.length);
  // A canvas that is new comes to the front.
  useEffect(() => {
    if (canvases.length > count.current) setChosen('');
    count.current = canvases.length;
  }, [canvases.length]);
  const canvas = written && !written.id ? null : (canvases.find(({ id }) => id === (written?.id || chosen)) ?? newest);
  if (!canvas && !written) return null;
  const shown = written ? { ...(canvas ?? { id: '', version: 1, kind: 'markdown', title: '' }), ...withoutEmpty(written) } : canvas;
  return html`<aside class="canvas" data-testid="canvas" data-region="canvas" aria-label=${say.label} style=${{ '--canvas-width': `${width.value}px` }}>
    ${h(Splitter, { label: say.resize, value: width.value, min: WIDTH.min, max: WIDTH.max, isReversed: true, onChange: (value) => save('canvas.width', value) })}
    <div class="canvas-body">${h(Canvas, {
      key: shown.id || 'new', canvas: shown, isStreaming: Boolean(written), conversation, onClose,
      chooser: canvases.length > 1 && !written ? h(Chooser, { canvases, value: canvas.id, onChange: setChosen }) : null,
    })}</div>
  </aside>`;
}

/** @param {object} fields */
function withoutEmpty(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => name === 'body' || value !== ''));
}

/** @param {{canvases: any[], value: string, onChange: (id: string) => void}} props */
function Chooser({ canvases, value, onChange }) {
  return html`<select class="canvas-select" aria-label=${say.choose} value=${value} onChange=${(event) => onChange(event.currentTarget.value)}>
    ${canvases.map(({ id, title }) => html`<option key=${id} value=${id}>${revealedLine(title)}</option>`)}
  </select>`;
}

/** @param {{canvas: any, isStreaming: boolean, conversation: any, chooser: unknown, onClose?: () => void}} props */
function Canvas({ canvas, isStreaming, conversation, chooser, onClose }) {
  const [mode, setMode] = useState(/** @type {'read'|'diff'|'preview'|'edit'} */ ('read'));
  const [old, setOld] = useState(/** @type {any} */ (null));
  const shown = old ?? canvas;
  const title = revealedLine(canvas.title);
  useEffect(() => {
    // What a person is writing stays; what came meanwhile is said when they save.
    if (isStreaming) setMode((now) => (now === 'edit' ? now : 'read'));
  }, [isStreaming]);
  const copy = async () => {
    const did = await copyText(shown.body);
    toast(did ? words.markdown.copied : words.markdown.copyFailed, { kind: did ? 'ok' : 'error' });
  };
  const toggle = (name, label, isOff = false) => html`<button type="button" class="button button-quiet item-small" aria-pressed=${String(mode === name)}
    disabled=${isOff || isStreaming} onClick=${() => setMode(mode === name ? 'read' : name)}>${label}</button>`;
  return html`<header class="canvas-head">
      ${chooser || html`<h2 class="canvas-title">${title}</h2>`}
      ${isStreaming
        ? html`<span class="item-muted"><span class="item-spinner" aria-hidden="true"></span> ${say.writing}</span>`
        : h(Versions, { canvas, conversation, shown, onChoose: setOld })}
      <span class="canvas-tools">
        ${hasPreview(canvas.kind) && toggle('preview', say.preview)}
        ${toggle('diff', say.diff, canvas.version < 2)}
        ${toggle('edit', say.edit, Boolean(old))}
        <button type="button" class="icon-button" aria-label=${say.copy} title=${say.copy} onClick=${copy}>${h(Icon, { name: 'copy' })}</button>
        <button type="button" class="icon-button" aria-label=${say.download} title=${say.download}
          onClick=${() => saveBlob(new Blob([shown.body], { type: 'text/plain;charset=utf-8' }), fileName(canvas))}>${h(Icon, { name: 'download' })}</button>
        ${onClose && html`<button type="button" class="icon-button" aria-label=${say.close} onClick=${onClose}>${h(Icon, { name: 'close' })}</button>`}
      </span>
    </header>
    ${old && html`<p class="canvas-note">${say.old(old.version)} <button type="button" class="button item-small" onClick=${() => setOld(null)}>${say.toNewest}</button></p>`}
    <div class=${`canvas-content is-${mode}`} tabindex=${mode === 'read' ? '0' : undefined} role=${mode === 'read' ? 'group' : undefined} aria-label=${mode === 'read' ? title : undefined}>
      ${mode === 'read' && h(Text, { canvas: shown, isStreaming })}
      ${mode === 'diff' && h(Difference, { conversation, canvas, to: shown.version })}
      ${mode === 'preview' && h(Preview, { conversation, canvas: shown, title })}
      ${mode === 'edit' && h(Editor, { conversation, canvas, title, onDone: () => setMode('read') })}
    </div>`;
}

/** @param {{canvas: any, isStreaming: boolean}} props */
function Text({ canvas, isStreaming }) {
  const text = isMarkdown(canvas.kind) ? canvas.body : asCode(canvas.kind, canvas.body);
  return h(Markdown, { text, isStreaming, id: `${canvas.id}:${isMarkdown(canvas.kind) ? 'text' : canvas.kind}` });
}

/** @param {{canvas: any, conversation: any, shown: any, onChoose: (version: any) => void}} props */
function Versions({ canvas, conversation, shown, onChoose }) {
  const [all, setAll] = useState(/** @type {any[]} */ ([canvas]));
  useEffect(() => {
    onChoose(null);
    if (canvas.version < 2) setAll([canvas]);
    else get(`${conversation.path}/canvases/${canvas.id}/versions`).then(setAll, () => setAll([canvas]));
  }, [canvas.id, canvas.version]);
  if (canvas.version < 2) return html`<span class="item-muted">${say.version(canvas.version)}</span>`;
  const choose = (event) => {
    const version = Number(event.currentTarget.value);
    onChoose(version === canvas.version ? null : (all.find((one) => one.version === version) ?? null));
  };
  return html`<select class="canvas-select" aria-label=${say.versionLabel} value=${shown.version} onChange=${choose}>
    ${[...all].reverse().map(({ version, updated_at: at }) => html`<option key=${version} value=${version}>${say.versionAt(version, version === canvas.version ? say.newest : clock(at))}</option>`)}
  </select>`;
}

/** What came in with a version. @param {{conversation: any, canvas: any, to: number}} props */
function Difference({ conversation, canvas, to }) {
  const [from, setFrom] = useState(Math.max(1, to - 1));
  const [diff, setDiff] = useState(/** @type {any} */ (null));
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  useEffect(() => setFrom(Math.max(1, to - 1)), [to]);
  useEffect(() => {
    let isOver = false;
    setProblem(null);
    get(`${conversation.path}/canvases/${canvas.id}/diff`, { from, to }).then(
      (read) => !isOver && setDiff(read),
      (error) => !isOver && setProblem(problemOf(error)),
    );
    return () => {
      isOver = true;
    };
  }, [canvas.id, from, to]);
  const others = Array.from({ length: canvas.version }, (_, at) => at + 1).filter((version) => version !== to);
  return html`<p class="canvas-note">
      <label>${say.versionLabel} <select class="canvas-select" value=${from} onChange=${(event) => setFrom(Number(event.currentTarget.value))}>
        ${others.map((version) => html`<option key=${version} value=${version}>${say.diffOf(version, to)}</option>`)}
      </select></label>
      ${diff && html` <span class="item-added">${words.tool.added(diff.added)}</span> <span class="item-removed">${words.tool.removed(diff.removed)}</span>`}
    </p>
    ${problem && html`<p class="item-tool-error">${problem.message}</p>`}
    ${diff && h(Diff, { unified: diff.unified })}`;
}

/** A page or drawing in a frame that may do nothing: no scripts, no requests, another origin. @param {{conversation: any, canvas: any, title: string}} props */
function Preview({ conversation, canvas, title }) {
  const place = useRef(/** @type {HTMLElement|null} */ (null));
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  useEffect(() => {
    let isOver = false;
    post(`${conversation.path}/canvases/${canvas.id}/preview`, { version: canvas.version }).then(
      ({ path }) => {
        if (!isOver) place.current.replaceChildren(frameOf(path, title));
      },
      (error) => setProblem(problemOf(error)),
    );
    return () => {
      isOver = true;
    };
  }, [canvas.id, canvas.version]);
  return html`<p class="canvas-note">${say.previewWhy}</p>
    ${problem && html`<p class="item-tool-error">${problem.message}</p>`}
    <div ref=${place} class="canvas-frame"></div>`;
}

/** @param {string} path @param {string} title */
function frameOf(path, title) {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', '');
  frame.setAttribute('referrerpolicy', 'no-referrer');
  frame.setAttribute('title', say.previewTitle(title));
  frame.setAttribute('src', path);
  return frame;
}

/** @param {{conversation: any, canvas: any, title: string, onDone: () => void}} props */
function Editor({ conversation, canvas, title, onDone }) {
  const [text, setText] = useState(canvas.body);
  const [base, setBase] = useState(canvas.version);
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const [isBusy, setBusy] = useState(false);
  const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  useLayoutEffect(() => field.current.focus(), []);
  const isBehind = canvas.version > base;
  const write = async (version) => {
    setBusy(true);
    setProblem(null);
    try {
      if (text !== canvas.body) await op('canvas', { verb: 'write', conversation: conversation.id, canvas: canvas.id, base_version: version, body: text });
      onDone();
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  const onKey = (event) => {
    if (event.key === 'Escape' && text === canvas.body) onDone();
    else if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) void write(base);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<textarea ref=${field} class="input canvas-editor" aria-label=${say.editLabel(title)} spellcheck=${false} value=${text}
      onInput=${(event) => setText(event.currentTarget.value)} onKeyDown=${onKey}></textarea>
    ${(isBehind || problem) && html`<p class="item-tool-error" role="alert">${isBehind ? say.conflict : problem.message}</p>`}
    <footer class="canvas-foot">
      ${isBehind
        ? html`<button type="button" class="button" disabled=${isBusy} onClick=${() => { setBase(canvas.version); void write(canvas.version); }}>${say.saveOver}</button>`
        : html`<button type="button" class="button button-primary" disabled=${isBusy || text === canvas.body} onClick=${() => write(base)}>${say.save}</button>`}
      <button type="button" class="button" onClick=${onDone}>${say.cancel}</button>
    </footer>`;
}

export { CanvasPanel };
