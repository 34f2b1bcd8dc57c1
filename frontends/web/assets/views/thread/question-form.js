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
 * The answer, once every field fits; what is left empty and not needed is left out.
 *
 * @param {any[]} form @param {Record<string, any>} values @returns {Record<string, any>|null}
 */
export function filled(form, values) {
  /** @type {Record<string, any>} */
  const fields = {};
  for (const field of form) {
    const value = values[field.name];
    const isEmpty = value === '' || value === null || (Array.isArray(value) && value.length === 0);
    if (isEmpty && field.is_required) return null;
    if (isEmpty) continue;
    if (field.kind.kind === 'number') {
      const number = Number(value);
      if (!Number.isFinite(number) || (field.kind.is_whole && !Number.isInteger(number))) return null;
      fields[field.name] = number;
    } else fields[field.name] = value;
  }
  return fields;
}

/** @param {{form: any[], values: Record<string, any>, set: (values: Record<string, any>) => void}} props */
export function FormFields({ form, values, set }) {
  return form.map((field) => h(One, { key: field.name, field, value: values[field.name], put: (/** @type {any} */ value) => set({ ...values, [field.name]: value }) }));
}

/** @param {{field: any, value: any, put: (value: any) => void}} props */
function One({ field, value, put }) {
  const id = useId();
  const title = html`<bdi>${field.title || field.name}</bdi> ${field.is_required || field.kind.kind === 'switch' ? '' : say.optional}`;
  const help = field.description ? html`<span class="field-hint" id=${id}><bdi>${field.description}</bdi></span>` : null;
  const tie = { 'aria-describedby': help ? id : undefined, name: field.name };
  const { kind } = field;
  if (kind.kind === 'switch') {
    return html`<label class="thread-option"><input type="checkbox" ...${tie} checked=${value} onChange=${(/** @type {any} */ event) => put(event.currentTarget.checked)} /> <span>${title}</span></label>${help}`;
  }
  if (kind.kind === 'choice' && kind.is_multiple) {
    const pick = (/** @type {string} */ one, /** @type {boolean} */ isOn) => put(isOn ? [...value, one] : value.filter((/** @type {string} */ other) => other !== one));
    return html`<fieldset class="thread-fieldset" aria-describedby=${tie['aria-describedby']}><legend class="field-label">${title}</legend>${help}
      ${kind.options.map((/** @type {any} */ one) => html`<label class="thread-option"><input type="checkbox" checked=${value.includes(one.value)} onChange=${(/** @type {any} */ event) => pick(one.value, event.currentTarget.checked)} /> <span>${one.title || one.value}</span></label>`)}</fieldset>`;
  }
  const change = (/** @type {any} */ event) => put(event.currentTarget.value);
  const control = kind.kind === 'choice'
    ? html`<select class="input" ...${tie} value=${value} required=${field.is_required} onChange=${change}><option value="">${say.choose}</option>
        ${kind.options.map((/** @type {any} */ one) => html`<option value=${one.value}>${one.title || one.value}</option>`)}</select>`
    : html`<input class="input" ...${tie} type=${typeOf(kind)} step=${kind.kind === 'number' ? (kind.is_whole ? 1 : 'any') : undefined} value=${value} required=${field.is_required} autocomplete="off" onInput=${change} />`;
  return html`<label class="field"><span class="field-label">${title}</span>${control}${help}</label>`;
}

/** @param {any} kind */
function typeOf(kind) {
  if (kind.kind === 'number') return 'number';
  // A moment is written out: the browser's own field knows no time zone.
  return { email: 'email', uri: 'url', date: 'date' }[kind.format] ?? 'text';
}
