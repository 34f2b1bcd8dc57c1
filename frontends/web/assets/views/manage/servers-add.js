/** A new MCP server, written into the config file. Nothing is started by it. */
import { html, h, useLayoutEffect, useRef, useState } from '../../lib/dom.js';
import { op } from '../../lib/api.js';
import { words as said } from '../../strings/manage-servers.js';
import { Field, Part, ProblemNote, Prose, useWork } from './common.js';

const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/;
const EMPTY = { name: '', kind: 'stdio', command: '', args: '', env: '', folders: '', network: false, url: '', headers: '' };

/** @param {string} text */
const linesOf = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

/** `NAME=VALUE` in each line. @param {string} text */
function pairs(text) {
  return Object.fromEntries(linesOf(text).map((line) => {
    const at = line.indexOf('=');
    // A value may be a secret and is not repeated.
    if (at < 1) throw new Error(said.badPair(line.slice(0, 20)));
    return [line.slice(0, at).trim(), line.slice(at + 1)];
  }));
}

/** The entry that a form stands for. @param {typeof EMPTY} form */
export function entryOf(form) {
  const { name } = form;
  if (form.kind !== 'stdio') return { name, transport: form.kind, url: form.url.trim(), headers: pairs(form.headers) };
  // Blanks at an end of an argument belong to it.
  const args = form.args.split('\n').filter((line) => line !== '');
  return { name, command: form.command.trim(), args, env: pairs(form.env), folders: linesOf(form.folders), ...(form.network ? { network: true } : {}) };
}

/** @param {{made: () => Promise<void>, cancel: () => void}} props */
export function AddServer({ made, cancel }) {
  const work = useWork();
  const [form, setForm] = useState(EMPTY);
  const element = useRef(/** @type {HTMLFormElement|null} */ (null));
  // The person asked for it.
  useLayoutEffect(() => element.current?.querySelector('input')?.focus(), []);
  const set = (/** @type {object} */ change) => setForm({ ...form, ...change });
  const isProgram = form.kind === 'stdio';
  const isWhole = NAME.test(form.name) && (isProgram ? form.command.trim() : form.url.trim());
  const make = (/** @type {Event} */ event) => {
    event.preventDefault();
    void work.run(async () => {
      await op('mcp', { verb: 'add', entry: entryOf(form) });
      await made();
    }, said.made(form.name));
  };
  const line = (/** @type {string} */ key, /** @type {string} */ label, /** @type {unknown} */ help = null) => h(Field, { id: `mcp-new-${key}`, label, help, children: (tie) => html`<input ...${tie} class="input" spellcheck=${false} autocomplete="off" value=${form[key]} onInput=${(/** @type {any} */ event) => set({ [key]: event.target.value })} />` });
  const many = (/** @type {string} */ key, /** @type {string} */ label, /** @type {unknown} */ help = null) => h(Field, { id: `mcp-new-${key}`, label, help, children: (tie) => html`<textarea ...${tie} class="input" rows="2" spellcheck=${false} value=${form[key]} onInput=${(/** @type {any} */ event) => set({ [key]: event.target.value })}></textarea>` });
  const check = (/** @type {string} */ key, /** @type {string} */ label, /** @type {unknown} */ help = null) => html`<p><label class="manage-choice"><input type="checkbox" checked=${form[key]} onChange=${(/** @type {any} */ event) => set({ [key]: event.target.checked })} /> <span>${label}</span></label></p>${help ? html`<p class="manage-help">${help}</p>` : null}`;
  return h(Part, {
    id: 'mcp-new', title: said.create, level: 3,
    children: html`<form ref=${element} class="manage-form" onSubmit=${make} data-testid="mcp-add">
      ${h(ProblemNote, { problem: work.problem })}
      ${line('name', said.name, said.nameHelp)}
      ${h(Field, { id: 'mcp-new-kind', label: said.kind, children: (tie) => html`<select ...${tie} class="input" value=${form.kind} onChange=${(/** @type {any} */ event) => set({ kind: event.target.value })}>
        ${Object.entries(said.kinds).map(([value, label]) => html`<option value=${value}>${label}</option>`)}</select>` })}
      ${isProgram
        ? html`${line('command', said.commandLine)} ${many('args', said.args)} ${many('env', said.env, said.envHelp)} ${many('folders', said.folderList, h(Prose, { text: said.folderHelp }))} ${check('network', said.networkLabel)}`
        : html`${line('url', said.url)} ${many('headers', said.headerList, said.envHelp)}`}
      <p class="manage-help">${h(Prose, { text: said.trustHelp })}</p>
      <div class="manage-actions">
        <button type="submit" class="button button-primary" disabled=${work.isBusy || !isWhole}>${said.make}</button>
        <button type="button" class="button" onClick=${cancel}>${said.cancel}</button>
      </div>
    </form>`,
  });
}
