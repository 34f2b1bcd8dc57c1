/** What a person chose for a conversation's next turns: model, approval mode, planning first. Kept by this browser. */
import { pref, save } from '../prefs.js';
import { start } from '../start.js';

export const MODES = ['auto', 'ask_for_dangerous', 'ask_for_writes', 'ask'];

export class Choices {
  /** @param {string} id of the conversation, `new` before there is one @param {() => any} view */
  constructor(id, view) {
    this.id = id;
    this.view = view;
    this.kept = pref(`choices.${id}`, /** @type {{mode?: string, model?: string, isPlan?: boolean}} */ ({}));
  }

  get mode() {
    return this.kept.value?.mode ?? start.value.mode ?? 'ask_for_writes';
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
    if (next.mode === start.value.mode) delete next.mode;
    if (!next.isPlan) delete next.isPlan;
    if (next.model === (this.view()?.model ?? start.value.model)) delete next.model;
    save(`choices.${this.id}`, Object.keys(next).length ? next : null);
    if (!Object.keys(next).length) this.kept.value = {};
  }

  nextMode() {
    this.set({ mode: MODES[(MODES.indexOf(this.mode) + 1) % MODES.length] });
  }

  /** What holds for the next turn. */
  options() {
    const { mode, model, isPlan } = this.kept.value ?? {};
    return { ...(mode ? { mode } : {}), ...(model ? { model } : {}), ...(isPlan ? { is_plan: true } : {}) };
  }
}
