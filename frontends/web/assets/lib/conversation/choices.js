/**
 * What a person chose for a conversation's next turns: model and approval mode, which the conversation keeps, and
 * planning first, which this browser does. Before there is a conversation, and in shared databases, it keeps them all.
 */
import { pref, save } from '../prefs.js';
import { start } from '../start.js';

export const MODES = ['auto', 'ask_for_dangerous', 'ask_for_writes', 'ask'];

export class Choices {
  /**
   * @param {string} id of the conversation, `new` before there is one
   * @param {() => any} view
   * @param {(model: string|null, mode: string|null) => Promise<unknown>} [configure] has the conversation keep them
   */
  constructor(id, view, configure) {
    this.id = id;
    this.view = view;
    this.configure = configure;
    this.kept = pref(`choices.${id}`, /** @type {{mode?: string, model?: string, isPlan?: boolean}} */ ({}));
  }

  get mode() {
    return this.kept.value?.mode ?? this.view()?.mode ?? start.value.mode ?? 'ask_for_writes';
  }

  get model() {
    return this.kept.value?.model ?? this.view()?.model ?? start.value.model ?? '';
  }

  get isPlan() {
    return this.kept.value?.isPlan ?? false;
  }

  /** @param {{mode?: string, model?: string, isPlan?: boolean}} change */
  set(change) {
    const next = { ...this.kept.value, ...change };
    if (!next.isPlan) delete next.isPlan;
    this.#keep(next);
    if (this.configure && !this.view()?.database && (change.mode || change.model)) void this.#give();
  }

  /** Has the conversation keep model and mode; what it does not take stays with this browser. */
  async #give() {
    const { mode, model } = this;
    const given = (/** @type {string} */ value, /** @type {string|undefined} */ usual) => (value === usual ? null : value);
    try {
      await this.configure?.(given(model, start.value.model), given(mode, start.value.mode));
      const { mode: keptMode, model: keptModel, ...rest } = this.kept.value ?? {};
      if (keptMode === mode || keptModel === model) this.#keep(rest);
    } catch {
      // It holds for the turns that are begun here all the same.
    }
  }

  /** @param {object} next */
  #keep(next) {
    save(`choices.${this.id}`, Object.keys(next).length ? next : null);
    if (!Object.keys(next).length) this.kept.value = {};
  }

  nextMode() {
    this.set({ mode: MODES[(MODES.indexOf(this.mode) + 1) % MODES.length] });
  }

  /** What holds for the next turn. */
  options() {
    const { model, isPlan } = this.kept.value ?? {};
    const mode = this.mode === start.value.mode ? undefined : this.mode;
    return { ...(mode ? { mode } : {}), ...(model ? { model } : {}), ...(isPlan ? { is_plan: true } : {}) };
  }
}
