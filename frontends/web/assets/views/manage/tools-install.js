/** Installing a toolset: a file is dropped or picked, sent, and lies in the user's tools folder. Grants nothing. */
import { html, h, useState } from '../../lib/dom.js';
import { problemOf, request } from '../../lib/api.js';
import { polite } from '../../lib/announce.js';
import { size } from '../../lib/format.js';
import { words } from '../../strings/manage.js';
import { ProblemNote } from './common.js';
import { Drop } from './drop.js';

const said = words.install;
const LARGEST = 64 * 1024 * 1024;

/**
 * @typedef {{file: File, state: 'sending'|'done'|'exists'|'failed', problem: any}} Upload
 */

/** The place to drop files on, the button that does the same, and what became of each. */
export function Install({ known, onInstalled }) {
  const [uploads, setUploads] = useState(/** @type {Upload[]} */ ([]));
  const set = (file, change) => setUploads((list) => list.map((one) => (one.file === file ? { ...one, ...change } : one)));
  const send = async (file, isReplacing) => {
    set(file, { state: 'sending', problem: null });
    try {
      await upload(file, isReplacing);
      set(file, { state: 'done' });
      polite(said.done(file.name));
      await onInstalled(idOf(file));
    } catch (thrown) {
      const problem = problemOf(thrown);
      const isThere = !isReplacing && known.some((module) => module.origin === 'user' && module.id === idOf(file));
      set(file, { state: isThere && ['conflict', 'invalid_input'].includes(problem.code) ? 'exists' : 'failed', problem });
    }
  };
  const take = (files) => {
    const list = [...files];
    setUploads((before) => [...before.filter((one) => one.state === 'sending'), ...list.map((file) => ({ file, state: 'sending', problem: null }))]);
    for (const file of list) void send(file, false);
  };
  return h(Drop, {
    text: said.drop, pick: said.pick, accept: '.wasm,application/wasm', isMultiple: true,
    testid: 'module-drop', fileTestid: 'module-file', take,
    children: html`
      <ul class="manage-plain" aria-live="polite">
        ${uploads.map((one) => html`<li key=${one.file.name} data-testid="module-upload" data-state=${one.state}>
          <p><strong>${one.file.name}</strong> · ${size(one.file.size)} · ${said.states[one.state]}</p>
          ${one.problem ? h(ProblemNote, { problem: one.problem, kind: one.state === 'exists' ? 'warn' : 'danger' }) : null}
          ${one.state === 'exists' ? html`<button type="button" class="button" onClick=${() => send(one.file, true)}>${said.replace(idOf(one.file))}</button>` : null}
          ${one.state === 'failed' ? html`<button type="button" class="button" onClick=${() => send(one.file, false)}>${words.common.retry}</button>` : null}
        </li>`)}
      </ul>
    `,
  });
}

/** @param {File} file */
function idOf(file) {
  return file.name.replace(/\.wasm$/i, '');
}

/** @param {File} file @param {boolean} isReplacing */
async function upload(file, isReplacing) {
  if (file.size > LARGEST) throw new Error(said.tooLarge);
  if (!/\.wasm$/i.test(file.name)) throw new Error(said.notWasm);
  await request('/api/modules/upload', {
    method: 'POST',
    query: { name: file.name, replace: isReplacing },
    headers: { 'Content-Type': 'application/wasm' },
    body: file,
  });
}
