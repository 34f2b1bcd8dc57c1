/**
 * Keys: who registers one has it in the sheet and, if it has a label, among the palette's actions.
 *
 * A combination is written `Mod+Shift+O`, `Alt+P`, `[`, or a sequence `g c`; Mod is Command on Apple systems and Ctrl
 * elsewhere. Combinations without Mod or Alt are single keys: they work outside of text fields only, and can be turned
 * off (WCAG 2.1.4). A scope is an element (its focus must be inside) or `global`.
 */
import { computed, signal } from '../vendor/signals.js';
import { pref, save } from './prefs.js';

/**
 * @typedef {{keys?: string, label: string, run: (event?: KeyboardEvent) => unknown, when?: () => boolean,
 *   isAction?: boolean}} Binding
 * `isAction: false` keeps it out of the palette.
 */

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgentData?.platform ?? navigator.platform ?? '');
/** How long the first key of a sequence waits for the second. */
const PAUSE = 1200;

/** @type {import('../vendor/signals.js').Signal<{id: number, scope: string, element: Element|null, bindings: Binding[]}[]>} */
const scopes = signal([]);
const singleKeys = pref('single-keys', true);
const turnedOff = pref('keys-off', /** @type {string[]} */ ([]));
let nextId = 1;
let begun = '';
let begunAt = 0;

/**
 * Registers keys.
 * @param {string | {name: string, element: Element}} scope its name in the sheet; with an element, only while focus is in it
 * @param {Binding[]} bindings
 * @returns {() => void} takes them back
 */
function registerKeys(scope, bindings) {
  const id = nextId++;
  const name = typeof scope === 'string' ? scope : scope.name;
  const element = typeof scope === 'string' ? null : scope.element;
  scopes.value = [...scopes.value, { id, scope: name, element, bindings }];
  return () => {
    scopes.value = scopes.value.filter((entry) => entry.id !== id);
  };
}

/** Every registered key by scope, for the sheet. */
const sheet = computed(() => {
  /** @type {Map<string, Binding[]>} */
  const groups = new Map();
  for (const { scope, bindings } of scopes.value) {
    const group = groups.get(scope) ?? [];
    for (const binding of bindings) {
      if (!group.some((other) => other.keys === binding.keys && other.label === binding.label)) group.push(binding);
    }
    groups.set(scope, group);
  }
  return [...groups].map(([scope, bindings]) => ({ scope, bindings }));
});

/** What can be done from the palette now. */
function actions() {
  return scopes.value.flatMap(({ bindings }) => bindings).filter((one) => one.isAction !== false && (one.when?.() ?? true));
}

/** @param {string} keys */
function isSingle(keys) {
  return keys.split(' ').every((part) => !/(Mod|Alt|Ctrl)\+/.test(part) && !/^F\d+$/.test(part));
}

/** @param {string} keys @returns {boolean} whether the person left it on */
function isOn(keys) {
  return !turnedOff.value.includes(keys) && (singleKeys.value || !isSingle(keys));
}

/** @param {string} keys @param {boolean} on */
function setOn(keys, on) {
  const others = turnedOff.value.filter((one) => one !== keys);
  save('keys-off', on ? others : [...others, keys]);
}

/** @param {boolean} on */
function setSingleKeys(on) {
  save('single-keys', on);
}

/** A combination as this system writes it. @param {string} keys */
function keyText(keys) {
  const names = isApple ? { Mod: '⌘', Alt: '⌥', Shift: '⇧' } : { Mod: 'Ctrl' };
  const arrows = { ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→' };
  const one = (part) =>
    part === '+' ? part : part.split('+').map((key) => names[key] ?? arrows[key] ?? key).join(isApple ? '' : '+');
  return keys.split(' ').map(one).join(' ');
}

/** For `aria-keyshortcuts`. @param {string} keys */
function ariaKeys(keys) {
  return keys.replace('Mod', isApple ? 'Meta' : 'Control');
}

/** The combination that was pressed. @param {KeyboardEvent} event */
function combination(event) {
  const mod = isApple ? event.metaKey : event.ctrlKey;
  const other = isApple ? event.ctrlKey : event.metaKey;
  const byCode = /^(?:Key([A-Z])|Digit(\d))$/.exec(event.code ?? '');
  const named = event.key.length > 1;
  // With Alt, systems type other letters; what is on the key counts then.
  const letter = (mod || event.altKey) && byCode ? (byCode[1] ?? byCode[2]) : event.key;
  const key = letter.length === 1 && (mod || event.altKey) ? letter.toUpperCase() : letter;
  const parts = [];
  if (mod) parts.push('Mod');
  if (other) parts.push('Ctrl');
  if (event.altKey) parts.push('Alt');
  if (event.shiftKey && (named || mod || event.altKey)) parts.push('Shift');
  parts.push(key);
  return parts.join('+');
}

/** @param {EventTarget|null} target */
function isField(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT') return true;
  if (target.tagName !== 'INPUT') return false;
  return !['checkbox', 'radio', 'button', 'submit', 'range', 'color', 'file'].includes(/** @type {HTMLInputElement} */ (target).type);
}

/** @param {string} pressed @param {KeyboardEvent} event */
function bindingFor(pressed, event) {
  const target = /** @type {Element} */ (event.target);
  const modal = document.querySelector('dialog[open]');
  const field = isField(target);
  for (const { element, bindings } of [...scopes.value].reverse()) {
    if (element && !element.contains(target)) continue;
    if (modal && !(element && modal.contains(element))) continue;
    for (const binding of bindings) {
      if (binding.keys !== pressed || !isOn(binding.keys) || !(binding.when?.() ?? true)) continue;
      if (field && isSingle(binding.keys)) continue;
      return binding;
    }
  }
  return null;
}

/** @param {string} pressed */
function beginsSequence(pressed) {
  return scopes.value.some(({ bindings }) => bindings.some(({ keys }) => keys?.startsWith(`${pressed} `) && isOn(keys)));
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.defaultPrevented || event.isComposing || ['Control', 'Shift', 'Alt', 'Meta'].includes(event.key)) return;
  const pressed = combination(event);
  const sequence = begun && event.timeStamp - begunAt < PAUSE ? `${begun} ${pressed}` : '';
  begun = '';
  const binding = (sequence && bindingFor(sequence, event)) || bindingFor(pressed, event);
  if (binding) {
    // What says `false` at once leaves the key to the browser.
    if (binding.run(event) !== false) event.preventDefault();
  } else if (!isField(event.target) && beginsSequence(pressed)) {
    begun = pressed;
    begunAt = event.timeStamp;
  }
}

/** Begins to listen. */
function startKeys() {
  document.addEventListener('keydown', onKey);
}

export { actions, ariaKeys, isOn, isSingle, keyText, registerKeys, setOn, setSingleKeys, sheet, singleKeys, startKeys };
