/** The fields of a form that a tool or an MCP server asks to have filled in. Its words are theirs. */
import { h, html, useId } from '../../lib/dom.js';
import { words } from '../../strings/thread.js';

const say = words.servers;

/** What stands in the fields at first. @param {any[]} form */
export function begun(form) {
  return Object.fromEntries(form.map((field) => [field.name, field.default ?? (field.kind.kind === 'switch' ? false : isMany(field) ? [] : '')]));
}

const isMany = (/** @type {any} */ field) => field.kind.kind === 'choice' && field.kind.is_multiple;

/**
 * The answer: what is left empty and not needed is left out. And what is wrong, by field.
 *
 * @param {any[]} form @param {Record<string, any>} values @returns {{fields: Record<string, any>, wrong: Record<string, string>}}
 */
export function filled(form, values) {
  /** @type {Record<string, any>} */
  const fields = {};
  /** @type {Record<string, string>} */
  const wrong = {};
  for (const field of form) {
    const value = values[field.name];
    const isEmpty = value === '' || value === null || (Array.isArray(value) && value.length === 0);
    if (isEmpty && field.is_required) wrong[field.name] = say.needed;
    if (isEmpty) continue;
    if (field.kind.kind === 'number') {
      const number = Number(value);
      if (!Number.isFinite(number) || (field.kind.is_whole && !Number.isInteger(number))) wrong[field.name] = field.kind.is_whole ? say.noWhole : say.noNumber;
      fields[field.name] = number;
    } else fields[field.name] = value;
  }
  return { fields, wrong };
}

/** Goes to the first field of a form that is wrong, once that is shown. @param {HTMLElement} form */
export function goToWrong(form) {
  requestAnimationFrame(() => /** @type {HTMLElement|null} */ (form.querySelector('[aria-invalid=true]'))?.focus());
}

/** @param {{form: any[], values: Record<string, any>, wrong: Record<string, string>, set: (values: Record<string, any>) => void}} props */
export function FormFields({ form, values, wrong, set }) {
  return form.map((field) => h(One, { key: field.name, field, value: values[field.name], wrong: wrong[field.name], put: (/** @type {any} */ value) => set({ ...values, [field.name]: value }) }));
}

/** What is wrong with a field, beneath it. @param {{id: string, text?: string}} props */
export function Wrong({ id, text }) {
  return text ? html`<span class="field-error" id=${id}>${text}</span>` : null;
}

/** @param {{field: any, value: any, wrong?: string, put: (value: any) => void}} props */
function One({ field, value, wrong, put }) {
  const id = useId();
  const title = html`<bdi>${field.title || field.name}</bdi> ${field.is_required || field.kind.kind === 'switch' ? '' : say.optional}`;
  const help = field.description ? html`<span class="field-hint" id=${id}><bdi>${field.description}</bdi></span>` : null;
  const described = [help ? id : '', wrong ? `${id}-wrong` : ''].filter(Boolean).join(' ');
  const tie = { 'aria-describedby': described || undefined, 'aria-invalid': wrong ? 'true' : undefined, name: field.name };
  const error = h(Wrong, { id: `${id}-wrong`, text: wrong });
  const { kind } = field;
  if (kind.kind === 'switch') {
    return html`<label class="thread-option"><input type="checkbox" ...${tie} checked=${value} onChange=${(/** @type {any} */ event) => put(event.currentTarget.checked)} /> <span>${title}</span></label>${help}`;
  }
  if (kind.kind === 'choice' && kind.is_multiple) {
    const pick = (/** @type {string} */ one, /** @type {boolean} */ isOn) => put(isOn ? [...value, one] : value.filter((/** @type {string} */ other) => other !== one));
    return html`<fieldset class="thread-fieldset" aria-describedby=${tie['aria-describedby']}><legend class="field-label">${title}</legend>${help}
      ${kind.options.map((/** @type {any} */ one) => html`<label class="thread-option"><input type="checkbox" checked=${value.includes(one.value)} aria-invalid=${tie['aria-invalid']} onChange=${(/** @type {any} */ event) => pick(one.value, event.currentTarget.checked)} /> <span>${one.title || one.value}</span></label>`)}${error}</fieldset>`;
  }
  const change = (/** @type {any} */ event) => put(event.currentTarget.value);
  const control = kind.kind === 'choice'
    ? html`<select class="input" ...${tie} value=${value} aria-required=${field.is_required} onChange=${change}><option value="">${say.choose}</option>
        ${kind.options.map((/** @type {any} */ one) => html`<option value=${one.value}>${one.title || one.value}</option>`)}</select>`
    : html`<input class="input" ...${tie} type=${typeOf(kind)} step=${kind.kind === 'number' ? (kind.is_whole ? 1 : 'any') : undefined} value=${value} aria-required=${field.is_required} autocomplete="off" onInput=${change} />`;
  return html`<label class="field"><span class="field-label">${title}</span>${control}${help}${error}</label>`;
}

/** @param {any} kind */
function typeOf(kind) {
  if (kind.kind === 'number') return 'number';
  // A moment is written out: the browser's own field knows no time zone.
  return { email: 'email', uri: 'url', date: 'date' }[kind.format] ?? 'text';
}
