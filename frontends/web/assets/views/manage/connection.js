/** First run and `/settings/connection`: choose a model server, test it, begin. */
import { html, h, useEffect, useMemo, useState } from '../../lib/dom.js';
import { problemOf } from '../../lib/api.js';
import { assertive, polite } from '../../lib/announce.js';
import { go } from '../../lib/router.js';
import { start } from '../../lib/start.js';
import { toast } from '../../lib/toast.js';
import { words } from '../../strings/manage.js';
import { Choices, Field, Note, Part, ProblemNote, Prose } from './common.js';
import { connection, STEPS } from './connection-model.js';
import { parsed } from './url-fixes.js';

const said = words.connection;
const MODES = ['ask_for_writes', 'ask_for_dangerous', 'ask', 'auto'];

/** The page's content; its frame is that of the settings. */
export function ConnectionSection() {
  const state = useMemo(connection, []);
  useEffect(() => {
    void state.load();
  }, []);
  const isFirst = !start.value.is_configured;
  return html`<div class="manage-connection" data-testid="connection">
    ${isFirst ? h(Note, { children: html`<p>${said.firstRun}</p>` }) : null}
    ${h(ProblemNote, { problem: state.problem.value })}
    ${state.locked.value.map((one) => h(Note, { kind: 'warn', children: html`<p>${h(Prose, { text: said.locked(one) })}</p>` }))}
    ${h(Vanished, { state })}
    <div class="manage-steps">
      ${h(Choose, { state })}
      ${h(Test, { state })}
      ${h(Ready, { state })}
    </div>
  </div>`;
}

function Vanished({ state }) {
  const gone = state.vanished.value;
  if (!gone) return null;
  return h(Note, {
    kind: 'warn',
    children: html`<p>${h(Prose, { text: said.vanished(gone.name) })}</p>
      <div class="manage-actions">${gone.nearest.map((name) => html`<button type="button" class="button" key=${name}
        onClick=${() => state.pick(name)}>${said.use(name)}</button>`)}</div>`,
  });
}

function Choose({ state }) {
  const found = state.found.value ?? [];
  const actions = html`<button type="button" class="button" disabled=${state.isScanning.value}
    onClick=${() => state.scan()}>${said.rescan}</button>`;
  const radio = (value, label, help) => html`<label class="manage-choice" key=${value}>
    <input type="radio" name="server" value=${value} checked=${state.choice.value === value}
      onChange=${() => state.choose(value)} />
    <span><span class="manage-choice-name">${label}</span>${help ? html`<small>${help}</small>` : null}</span>
  </label>`;
  return h(Part, {
    id: 'connection-choose', title: said.chooseTitle, actions,
    children: html`
      <fieldset class="manage-choices">
        <legend class="hidden-text">${said.chooseTitle}</legend>
        ${found.map((one) => radio(one.base_url, said.found(one), one.base_url))}
        ${radio('other', said.other)}
      </fieldset>
      <p class="manage-help" role="status">${state.isScanning.value ? said.scanning : found.length === 0 ? said.foundNone : said.scanned}</p>
      ${state.choice.value === 'other' ? h(Other, { state }) : null}
    `,
  });
}

/** An address of the person's own, and its key. */
function Other({ state }) {
  const url = state.baseUrl.value;
  const isBad = url.trim() !== '' && !/^https?:\/\/[^/]/.test(url.trim()) && !state.fixes.value.length;
  const kinds = [
    ...(state.hasSavedKey.value ? [{ value: 'saved', label: said.keySaved, help: said.keySavedHelp }] : []),
    { value: 'none', label: said.keyNone },
    { value: 'paste', label: said.keyPaste, help: said.keyPasteHelp },
  ];
  const submit = (event) => {
    event.preventDefault();
    void state.run('');
  };
  return html`<form class="manage-form" onSubmit=${submit} novalidate>
    ${h(Field, {
      id: 'base-url', label: said.baseUrl, help: said.baseUrlHelp, problem: isBad ? { message: said.badUrl } : null,
      children: (tie) => html`<input ...${tie} class="input" type="url" inputmode="url" autocomplete="url" spellcheck=${false}
        value=${url} disabled=${state.isLocked('ai.base_url')} onInput=${(event) => (state.baseUrl.value = event.target.value)} />`,
    })}
    ${h(Fixes, { state })}
    ${h(Choices, { legend: said.key, name: 'key-kind', value: state.keyKind.value, choices: kinds, onChange: (kind) => (state.keyKind.value = kind) })}
    ${state.keyKind.value === 'paste'
      ? h(Field, { id: 'api-key', label: said.keyLabel, children: (tie) => html`<input ...${tie} class="input" type="password" autocomplete="off"
          value=${state.key.value} onInput=${(event) => (state.key.value = event.target.value)} />` })
      : null}
    <p class="manage-help">${h(Prose, { text: said.keyCommand })}</p>
    <button type="submit" class="button button-primary" disabled=${!parsed(state.address.value) || state.test.value.isRunning}>${said.test}</button>
  </form>`;
}

/** What is probably meant; one press takes it. */
function Fixes({ state }) {
  const fixes = state.fixes.value;
  if (fixes.length === 0) return null;
  const take = (fix) => {
    state.choice.value = 'other';
    state.baseUrl.value = fix.baseUrl;
    void state.run('');
  };
  return html`<ul class="manage-fixes" data-testid="url-fixes">
    ${fixes.map((fix) => html`<li key=${fix.baseUrl}><span>${h(Prose, { text: fix.reason })}</span>
      <button type="button" class="button" onClick=${() => take(fix)}>${said.use(fix.baseUrl)}</button></li>`)}
  </ul>`;
}

function Test({ state }) {
  const { isRunning, report, problem, url } = state.test.value;
  const isOther = state.choice.value === 'other';
  const isShown = isRunning || report || problem;
  useEffect(() => {
    if (isRunning || !report) return;
    const bad = report.steps.find((step) => step.problem);
    if (bad) assertive(`${said.step(bad.name, url)}: ${bad.problem.error}`);
    else polite(said.allWell);
  }, [report, isRunning]);
  const actions = isShown && state.address.value ? html`<button type="button" class="button" disabled=${isRunning}
    onClick=${() => state.run()}>${said.again}</button>` : null;
  return h(Part, {
    id: 'connection-test', title: said.testTitle, actions,
    children: html`
      ${isShown ? null : html`<p class="manage-help">${isOther ? said.testOther : said.testFirst}</p>`}
      ${h(ProblemNote, { problem })}
      ${isShown && !problem
        ? html`<ol class="manage-probe" aria-label=${said.testTitle} aria-busy=${isRunning ? 'true' : 'false'}>
            ${STEPS.map((name) => h(Step, { key: name, name, url, isRunning, step: report?.steps.find((one) => one.name === name) }))}
          </ol>`
        : null}
      ${report && !isOther && !isRunning ? h(Fixes, { state: onlyFailing(state) }) : null}
    `,
  });
}

/** For a server that was found: fixes only once its test failed. */
function onlyFailing(state) {
  const steps = state.test.value.report?.steps ?? [];
  const isFailing = steps.some((step) => step.problem && ['connect', 'models'].includes(step.name));
  return isFailing ? state : { ...state, fixes: { value: [] } };
}

function Step({ name, url, step, isRunning }) {
  const kind = step ? (step.problem ? (name === 'tools' ? 'warn' : 'bad') : 'ok') : isRunning ? 'running' : 'skipped';
  return html`<li class=${`manage-probe-step manage-probe-${kind}`} data-testid="probe-step" data-step=${name} data-state=${kind}>
    <span class="manage-probe-sign" aria-hidden="true">${said.signs[kind]}</span>
    <span class="manage-probe-name">${said.step(name, url)}<span class="hidden-text">: ${said.states[kind]}</span></span>
    <span class="manage-probe-time">${step ? said.took(step.took_ms) : ''}</span>
    ${step?.problem
      ? html`<div class="manage-probe-problem">
          <p>${h(Prose, { text: step.problem.error })}</p>
          ${(step.problem.causes ?? []).map((cause) => html`<p class="manage-note-cause">${h(Prose, { text: cause })}</p>`)}
          ${step.problem.hint ? html`<p>${said.hint} ${h(Prose, { text: step.problem.hint })}</p>` : null}
        </div>`
      : null}
  </li>`;
}

function Ready({ state }) {
  const [text, setText] = useState(/** @type {string|null} */ (null));
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState('');
  const tools = state.canTools.value[state.model.value];
  const suggestion = tools === false ? said.tryPlain : said.tryTools;
  const isReady = state.isReady.value && state.model.value !== '';
  const work = async (name, doing) => {
    setBusy(name);
    setProblem(null);
    try {
      await doing();
    } catch (thrown) {
      setProblem(problemOf(thrown));
    }
    setBusy('');
  };
  const save = () => work('save', async () => {
    await state.save();
    toast(said.saved);
  });
  const begin = (event) => {
    event.preventDefault();
    void work('begin', async () => {
      await state.save();
      await go(`/c/${await state.begin((text ?? '').trim() || suggestion)}`);
    });
  };
  const modes = MODES.map((mode) => ({ value: mode, label: said.modes[mode][0], help: said.modes[mode][1] }));
  return h(Part, {
    id: 'connection-ready', title: said.readyTitle,
    children: html`<form class="manage-form" onSubmit=${begin}>
      ${h(ModelField, { state })}
      ${h(Choices, { legend: said.mode, name: 'mode', value: state.mode.value, choices: modes, isDisabled: state.isLocked('safety.approval_mode'), onChange: (mode) => (state.mode.value = mode) })}
      ${h(Field, {
        id: 'first-message', label: said.firstMessage,
        children: (tie) => html`<input ...${tie} class="input" value=${text ?? suggestion} onInput=${(event) => setText(event.target.value)} />`,
      })}
      ${h(ProblemNote, { problem })}
      <div class="manage-actions">
        <button type="submit" class="button button-primary" disabled=${!isReady || busy !== ''}>${busy === 'begin' ? said.starting : said.begin}</button>
        <button type="button" class="button" disabled=${!state.address.value || busy !== ''} onClick=${save}>${said.saveOnly}</button>
      </div>
      <p class="manage-help">${isReady ? said.laterEditable : said.notReady}</p>
    </form>`,
  });
}

function ModelField({ state }) {
  const { model, models, canTools } = state;
  const names = model.value && !models.value.includes(model.value) ? [model.value, ...models.value] : models.value;
  const mark = (name) => (canTools.value[name] === undefined ? '' : canTools.value[name] ? said.toolsYes : said.toolsNo);
  const help = canTools.value[model.value] === false ? said.toolsNoHelp : said.modelHelp;
  if (models.value.length === 0) {
    return h(Field, {
      id: 'model', label: said.model, help: state.test.value.report ? said.modelTyped : said.modelUntested,
      children: (tie) => html`<input ...${tie} class="input" spellcheck=${false} autocomplete="off" value=${model.value}
        disabled=${state.isLocked('ai.model')} onInput=${(event) => (model.value = event.target.value)} />`,
    });
  }
  return h(Field, {
    id: 'model', label: said.model, help,
    children: (tie) => html`<select ...${tie} class="input" disabled=${state.isLocked('ai.model')} value=${model.value}
      onChange=${(event) => state.pick(event.target.value)}>
      ${names.map((name) => html`<option key=${name} value=${name} selected=${name === model.value}>${name}${mark(name)}</option>`)}
    </select>`,
  });
}
