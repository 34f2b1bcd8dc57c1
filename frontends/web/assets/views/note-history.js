/** Every version of a note or document, to be looked at and brought back. */
import { h, html, useEffect, useState } from '../lib/dom.js';
import { attempt } from '../lib/actions.js';
import { get, problemOf } from '../lib/api.js';
import { Sheet } from '../lib/dialog.js';
import { dateTime, size } from '../lib/format.js';
import { toast } from '../lib/toast.js';
import { words } from '../strings/note.js';

/** @param {{id: string, model: import('../lib/text.js').TextModel, close: () => void}} props */
function History({ id, model, close }) {
  const [versions, setVersions] = useState(/** @type {import('../types/api').TextVersion[]} */ ([]));
  const [shown, setShown] = useState(/** @type {import('../types/api').TextView | null} */ (null));
  const [problem, setProblem] = useState('');
  const path = `/api/conversations/${id}/text`;
  const failed = (error) => setProblem(problemOf(error).message);
  useEffect(() => void get(`${path}/versions`).then(setVersions, failed), [model.version.value]);
  const show = (version) => void get(path, { version }).then(setShown, failed);
  const restore = async () => {
    if (await attempt(() => model.restore(shown.version))) {
      toast(words.didRestore(shown.version), { kind: 'ok' });
      close();
    }
  };
  return h(
    Sheet,
    { title: words.history, onClose: () => close(), testId: 'history' },
    html`${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <ul class="note-versions">
        ${versions.map((one) => h(Version, { key: one.version, one, isShown: shown?.version === one.version, isCurrent: one.version === model.version.value, show }))}
      </ul>
      ${shown ? html`<pre class="note-old" tabindex="0" aria-label=${words.versionText(shown.version)}>${shown.body}</pre>` : html`<p class="muted">${words.pick}</p>`}
      <footer class="dialog-foot">
        <button class="button button-primary" disabled=${!shown || shown.version === model.version.value} onClick=${restore}>${words.restore}</button>
      </footer>`,
  );
}

function Version({ one, isShown, isCurrent, show }) {
  return html`<li>
    <button class="row-main" aria-pressed=${String(isShown)} onClick=${() => show(one.version)}>
      <span class="row-title">${words.version(one.version)} · ${dateTime(one.updated_at)}
        ${one.restored_from && html` · ${words.restored(one.restored_from)}`}${one.author && html` · ${one.author}`}</span>
      <span class="row-count">${isCurrent ? words.current : size(one.size_bytes)}</span>
    </button>
  </li>`;
}

export { History };
