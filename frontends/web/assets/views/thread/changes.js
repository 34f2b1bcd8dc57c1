/** File changes of a turn, since a message or of all: what differs now, what an undo would do, and the undo. */
import { h, html, useEffect, useState } from '../../lib/dom.js';
import { problemOf } from '../../lib/api.js';
import { openLayer, Sheet } from '../../lib/dialog.js';
import { Diff } from '../item/diff.js';
import { words } from '../../strings/thread.js';
import { Problem } from './problem.js';

const say = words.changes;

/** The question of the API for a target. @param {any} target */
function queryOf(target) {
  if (!target) return {};
  if (target.target === 'turn') return { turn: target.turn };
  return target.target === 'call' ? { call: target.item } : { before: target.item };
}

/** Opens the review. @param {any} conversation @param {any} [target] all changes without one */
export function showChanges(conversation, target = null) {
  return openLayer((close) => h(Changes, { conversation, target, onClose: () => close() }));
}

/** @param {{conversation: any, target: any, onClose: () => void}} props */
function Changes({ conversation, target, onClose }) {
  const [files, setFiles] = useState(/** @type {any[]|null} */ (null));
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const [isForced, setForced] = useState(false);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    conversation.read('diff', queryOf(target)).then(setFiles, (/** @type {unknown} */ error) => setProblem(problemOf(error)));
  }, []);
  const undo = async () => {
    setBusy(true);
    try {
      await undoAll(conversation, target, isForced);
      onClose();
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  const title = { turn: say.turnTitle, since: say.sinceTitle, call: say.title }[target?.target] ?? say.allTitle;
  const hindered = files?.filter(({ hindrance }) => hindrance) ?? [];
  const isRunning = Boolean(conversation.view.value?.running);
  return h(
    Sheet,
    { title, onClose, testId: 'changes' },
    html`<div class="thread-changes">
      ${problem && h(Problem, { problem })}
      ${!files && !problem && html`<p class="muted">${say.loading}</p>`}
      ${files?.length === 0 && html`<p class="muted">${say.none}</p>`}
      ${files?.map((file) => h(FileChange, { key: file.path, file, workspace: conversation.view.value?.workspace ?? '' }))}
      ${files?.length > 0 &&
      html`<footer class="thread-changes-foot">
        <p>${say.undoWould(isForced ? files.length : files.length - hindered.length)}</p>
        ${hindered.length > 0 &&
        html`<label><input type="checkbox" checked=${isForced} onChange=${(/** @type {any} */ event) => setForced(event.currentTarget.checked)} /> ${say.undoForced}</label>`}
        <button class="button button-danger" disabled=${isBusy || isRunning} onClick=${undo}>${say.undo}</button>
      </footer>`}
    </div>`,
  );
}

/** @param {{file: any, workspace: string}} props */
function FileChange({ file, workspace }) {
  const path = workspace && file.path.startsWith(`${workspace}/`) ? file.path.slice(workspace.length + 1) : file.path;
  return html`<section class="thread-file">
    <h3><bdi>${path}</bdi> <span class="muted">${say[file.kind]}</span>
      <span class="thread-added">+${file.added}</span> <span class="thread-removed">−${file.removed}</span></h3>
    ${file.remark && html`<p class="muted">${file.remark}</p>`}
    ${file.hindrance && html`<p class="thread-warn">${say.stays} ${file.hindrance}</p>`}
    ${file.unified && h(Diff, { unified: file.unified })}
  </section>`;
}

/** Takes changes back; without a target those since the first message. @param {any} conversation @param {any} target @param {boolean} isForced */
async function undoAll(conversation, target, isForced) {
  if (target) return conversation.undo(target, isForced);
  const changes = await conversation.read('changes');
  const turns = [...new Set(changes.filter((/** @type {any} */ one) => !one.is_undone).map(({ turn }) => turn))];
  // A child agent's turn goes with its parent's, and is none of this conversation.
  const failures = [];
  for (const turn of turns) await conversation.undo({ target: 'turn', turn }, isForced).catch((/** @type {unknown} */ error) => failures.push(error));
  if (turns.length > 0 && failures.length === turns.length) throw failures[0];
  return null;
}
