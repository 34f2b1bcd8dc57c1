/** What holds for the next turn, below the field: mode, model, planning, and how full the context is. */
import { html, h, useRef } from '../../lib/dom.js';
import { get, problemOf } from '../../lib/api.js';
import { Menu, MenuButton, openLayer } from '../../lib/dialog.js';
import { MODES } from '../../lib/conversation/choices.js';
import { Icon } from '../../lib/icons.js';
import { start } from '../../lib/start.js';
import { toast } from '../../lib/toast.js';
import { tokens } from '../../lib/format.js';
import { words } from '../../strings/thread.js';

const say = words.composer;

/** @param {any} choices @returns {import('../../lib/dialog.js').MenuItem[]} */
const modeItems = (choices) => MODES.map((mode) => ({ label: words.modes[mode], isChecked: choices.mode === mode, run: () => choices.set({ mode }) }));

/** Asks the endpoint for its models and lets one be chosen. @param {any} choices @param {Element|{x: number, y: number}} at */
async function chooseModel(choices, at) {
  let names = /** @type {string[]} */ ([]);
  try {
    names = await get('/api/models');
  } catch (error) {
    toast(problemOf(error).message, { kind: 'error' });
  }
  const all = [...new Set([choices.model, start.value.model, ...names].filter(Boolean))];
  if (all.length === 0) return toast(say.noModels);
  const items = all.map((name) => ({
    label: name === start.value.model ? say.modelDefault(name) : name,
    isChecked: name === choices.model,
    run: () => choices.set({ model: name }),
  }));
  return openLayer((close) => h(Menu, { label: say.model, at, items, onClose: () => close() }));
}

/** How full the context is. @param {any} session */
function contextOf(session) {
  const all = Number(start.value.settings?.['cli.model_context_window'] ?? 0);
  const used = session?.conversation.model.contextTokens.value ?? 0;
  return { all, used, short: all ? say.context(used ? tokens(used) : '–', tokens(all)) : '', percent: all ? Math.min(100, (used * 100) / all) : 0 };
}

/** @param {{doors: any, session: any, add: (files: File[]) => void, open: (sign: string) => void}} props */
export function MoreMenu({ doors, session, add, open }) {
  const picker = useRef(/** @type {HTMLInputElement|null} */ (null));
  const button = useRef(/** @type {HTMLElement|null} */ (null));
  const { choices } = doors;
  const context = contextOf(session);
  const items = () => [
    { label: say.attach, icon: 'attach', run: () => picker.current?.click() },
    { label: say.mention, icon: 'file', keys: '@', run: () => open('@') },
    { label: say.commands, icon: 'right', keys: '/', run: () => open('/') },
    'line',
    { label: say.plan, isChecked: choices.isPlan, run: () => choices.set({ isPlan: !choices.isPlan }) },
    { label: `${say.mode}: ${words.modes[choices.mode]}`, items: modeItems(choices) },
    { label: `${say.model}: ${choices.model}`, run: () => chooseModel(choices, button.current ?? { x: 8, y: innerHeight - 80 }) },
    ...(context.short ? [{ label: say.contextLabel(context.used ? tokens(context.used) : '–', tokens(context.all)), isDisabled: true }] : []),
  ];
  return html`<span ref=${button}>${h(MenuButton, { label: say.more, items }, h(Icon, { name: 'plus' }))}</span>
    <input ref=${picker} class="hidden-text" type="file" multiple tabindex="-1" aria-hidden="true" aria-label=${say.attach}
      onChange=${(/** @type {any} */ event) => {
        add([...event.currentTarget.files]);
        event.currentTarget.value = '';
      }} />`;
}

/** @param {{doors: any, session: any}} props */
export function ComposerBar({ doors, session }) {
  const { choices } = doors;
  const context = contextOf(session);
  const label = context.used ? say.contextLabel(tokens(context.used), tokens(context.all)) : say.contextUnknown(tokens(context.all));
  const model = (/** @type {MouseEvent} */ event) => chooseModel(choices, /** @type {Element} */ (event.currentTarget));
  return html`<div class="thread-bar">
    ${h(MenuButton, { label: say.mode, class: 'thread-choice', isLabelled: true, items: () => modeItems(choices) }, html`<span class="hidden-text">${say.mode}: </span>${words.modes[choices.mode]} ${h(Icon, { name: 'down' })}`)}
    <button type="button" class="thread-choice" aria-pressed=${String(choices.isPlan)} onClick=${() => choices.set({ isPlan: !choices.isPlan })}>${say.plan}</button>
    <button type="button" class="thread-choice" aria-haspopup="menu" onClick=${model}><span class="hidden-text">${say.model}: </span><span class="thread-model">${choices.model || say.model}</span> ${h(Icon, { name: 'down' })}</button>
    ${context.short &&
    html`<span class="thread-context" title=${label}><span class="thread-meter" aria-hidden="true"><span style=${{ inlineSize: `${context.percent}%` }}></span></span>
      <span aria-hidden="true">${context.short}</span><span class="hidden-text">${label}</span></span>`}
  </div>`;
}
