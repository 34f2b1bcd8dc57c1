/** How many files calls have changed, above the composer; and what an undo did, in words. */
import { html, useEffect, useState } from '../../lib/dom.js';
import { toast } from '../../lib/toast.js';
import { words } from '../../strings/thread.js';
import { showChanges } from './later.js';

const say = words.changes;

/** Says what became of files. @param {{files: any[]}} event */
export function tellUndone({ files }) {
  const skipped = files.filter(({ outcome }) => outcome === 'skipped');
  toast(say.done(files.length - skipped.length, skipped.length), { kind: skipped.length ? 'info' : 'ok' });
  for (const { path, reason } of skipped.slice(0, 3)) toast(say.skipped(path, reason), { kind: 'error' });
}

/** How many files calls have changed that are not taken back. @param {{session: any}} props */
export function ChangesBar({ session }) {
  const { conversation } = session;
  const [count, setCount] = useState(0);
  const stirred = conversation.model.filesChanged.value;
  useEffect(() => {
    let isOver = false;
    const timer = setTimeout(() => {
      conversation.read('changes').then(
        (/** @type {any[]} */ changes) => {
          const paths = new Set(changes.filter(({ is_undone }) => !is_undone).map(({ path }) => path));
          if (!isOver) setCount(paths.size);
        },
        () => {},
      );
    }, 250);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [stirred]);
  if (!count) return null;
  return html`<div class="thread-changes-bar"><span>${say.bar(count)}</span>
    <button class="button button-quiet thread-small" onClick=${() => showChanges(conversation)}>${words.turn.review}</button></div>`;
}
