/** Parts of the conversation page that are loaded when they are needed first. */
import { h, signal } from '../../lib/dom.js';
import { problemOf } from '../../lib/api.js';
import { toast } from '../../lib/toast.js';

/**
 * A component of a module that is loaded when it is shown first.
 *
 * @param {() => Promise<any>} load @param {string} name what the module calls it
 */
function later(load, name) {
  const part = signal(/** @type {any} */ (null));
  let loading = /** @type {Promise<unknown>|null} */ (null);
  const begin = () =>
    (loading ??= load().then(
      (module) => (part.value = module[name]),
      (error) => {
        loading = null;
        toast(problemOf(error).message, { kind: 'error' });
      },
    ));
  function Later(/** @type {any} */ props) {
    void begin();
    return part.value && h(part.value, props);
  }
  /** Loads it before it is shown. */
  Later.ahead = begin;
  return Later;
}

export const ApprovalCard = later(() => import('../approval.js'), 'ApprovalCard');
export const Queue = later(() => import('./queue.js'), 'Queue');
export const Canvas = later(() => import('../canvas.js'), 'CanvasPanel');
export const Find = later(() => import('./find.js'), 'Find');
export const PlanPanel = later(() => import('./plan.js'), 'PlanPanel');
export const QuestionCard = later(() => import('./question.js'), 'QuestionCard');
export const EditNote = later(() => import('./edit-note.js'), 'EditNote');
export const ComposerMenu = later(() => import('./composer-menu.js'), 'ComposerMenu');
export const Fresh = later(() => import('./fresh.js'), 'Fresh');
export const Starters = later(() => import('./starters.js'), 'Starters');

/** Opens the review of file changes. @param {any} conversation @param {any} [target] */
export const showChanges = async (conversation, target) => (await import('./changes.js')).showChanges(conversation, target);

/** Opens what was sent. @param {() => Promise<any>} read */
export const showPrompt = async (read) => (await import('./prompt.js')).showPrompt(read);
