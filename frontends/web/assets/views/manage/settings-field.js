/** One setting: an editor by its type, saved through the host, which has the last word on what is valid. */
import { html, h, useEffect, useRef, useState } from '../../lib/dom.js';
import { op, problemOf } from '../../lib/api.js';
import { Icon } from '../../lib/icons.js';
import { refreshStart } from '../../lib/start.js';
import { toast } from '../../lib/toast.js';
import { words } from '../../strings/manage.js';
import { Badge, FieldError, Prose } from './common.js';
import { bounds, isClosed, isLocked, mayReset, nameOf, originOf, shapeOf, textOf, valueOf, wordsOf } from './settings-model.js';

const said = words.settings;
const LONG = /prompt$/;

/** A setting with everything about it. */
export function Setting({ setting, schema, reload }) {
  const shape = shapeOf(setting, schema);
  const shown = textOf(shape, setting.value);
  const [text, setText] = useState(shape.kind === 'secret' ? '' : shown);
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const before = useRef(shown);
  // What was saved meanwhile is shown, unless something else is being written here.
  useEffect(() => {
    if (shape.kind !== 'secret') setText((now) => (now === before.current ? shown : now));
    before.current = shown;
  }, [shown]);
  const send = async (wish, done) => {
    setBusy(true);
    setProblem(null);
    try {
      await op('setting', wish);
      await Promise.all([reload(), refreshStart()]);
      if (shape.kind === 'secret') setText('');
      toast(setting.is_read_at_start ? said.savedForRestart(setting.key) : done);
    } catch (thrown) {
      setProblem(problemOf(thrown));
    }
    setBusy(false);
  };
  const save = (written) => {
    const { value, error } = valueOf(shape, written);
    if (error) return setProblem({ message: error });
    if (shape.kind === 'text' && written.trim() === '') return reset();
    return send({ verb: 'change', key: setting.key, value }, said.saved(setting.key));
  };
  const switched = (value) => send({ verb: 'change', key: setting.key, value }, said.saved(setting.key));
  const reset = () => send({ verb: 'reset', key: setting.key }, said.wasReset(setting.key));
  const locked = isLocked(setting);
  const id = `setting-${setting.key}`;
  const tie = {
    id,
    'aria-describedby': [`${id}-doc`, `${id}-meta`, problem ? `${id}-error` : ''].filter(Boolean).join(' '),
    'aria-invalid': problem ? 'true' : undefined,
    disabled: locked || isBusy || shape.kind === 'other' || isClosed(setting),
  };
  const isDirty = shape.kind === 'secret' ? text !== '' : text !== shown;
  const submit = (event) => {
    event.preventDefault();
    if (isDirty) void save(text);
  };
  return html`<form class="manage-setting" onSubmit=${submit} data-testid="setting" data-key=${setting.key} data-origin=${setting.origin.origin} novalidate>
    <div class="manage-setting-head">
      <label for=${id}>${nameOf(setting.key)}</label>
      <code>${setting.key}</code>
      ${h(Origin, { setting, locked })}
    </div>
    <p class="manage-help" id=${`${id}-doc`}>${h(Prose, { text: setting.doc })}</p>
    ${h(Editor, { shape, tie, text, setText, setting, save: switched, isLong: LONG.test(setting.key) })}
    ${problem ? h(FieldError, { id: `${id}-error`, problem }) : null}
    ${isDirty && !locked && !['switch', 'choice'].includes(shape.kind)
      ? html`<div class="manage-actions">
          <button type="submit" class="button button-primary" disabled=${isBusy}>${words.common.save}<span class="hidden-text"> ${setting.key}</span></button>
          <button type="button" class="button" onClick=${() => (setText(shape.kind === 'secret' ? '' : shown), setProblem(null))}>${words.common.cancel}</button>
        </div>`
      : null}
    <p class="manage-meta" id=${`${id}-meta`}>${h(Meta, { setting, shape, locked })}
      ${setting.origin.origin === 'user' && mayReset(setting)
        ? html` <button type="button" class="button" disabled=${isBusy} onClick=${reset} aria-label=${said.resetNamed(setting.key)}>${said.reset}</button>`
        : null}
    </p>
  </form>`;
}

function Origin({ setting, locked }) {
  const kind = setting.origin.origin === 'default' ? 'muted' : locked ? 'warn' : 'accent';
  return h(Badge, { kind, sign: locked ? h(Icon, { name: 'lock' }) : '', children: said.originNames[setting.origin.origin] });
}

function Meta({ setting, shape, locked }) {
  const parts = [originOf(setting.origin)];
  if (locked) parts.push(said.locked);
  if (setting.origin.origin === 'bundle') parts.push(said.bundleSays(setting.origin.name));
  if (setting.origin.origin === 'project') parts.push(['list', 'map'].includes(shape.kind) ? said.projectAdds : said.projectWins);
  if (setting.origin.origin !== 'default') parts.push(said.defaultIs(textOf(shape, setting.default) || said.nothing));
  const range = shape.kind === 'number' ? bounds(shape) : '';
  if (range) parts.push(range);
  if (setting.environment && setting.origin.origin !== 'environment') parts.push(said.environment(setting.environment));
  if (setting.page.may !== 'set') parts.push(said.pageMay[setting.page.may], said.inTerminal(setting.key));
  if (setting.is_read_at_start) parts.push(said.atStart);
  return h(Prose, { text: parts.join(' · ') });
}

function Editor({ shape, tie, text, setText, setting, save, isLong }) {
  const type = (event) => setText(event.target.value);
  switch (shape.kind) {
    case 'switch':
      return html`<span class="manage-switch"><input ...${tie} type="checkbox" checked=${setting.value === true}
        onChange=${(event) => save(event.target.checked)} /> <span aria-hidden="true">${setting.value ? said.on : said.off}</span></span>`;
    case 'choice':
      return html`<select ...${tie} class="input" value=${text} onChange=${(event) => save(event.target.value)}>
        ${wordsOf(shape, setting).map((word) => html`<option key=${word} value=${word} selected=${word === text}>${word}</option>`)}
      </select>`;
    case 'number':
      return html`<input ...${tie} class="input" inputmode=${shape.isWhole ? 'numeric' : 'decimal'} value=${text} placeholder=${said.notSet} onInput=${type} />`;
    case 'list':
      return html`<textarea ...${tie} class="input" rows=${Math.min(8, text.split('\n').length + 1)} spellcheck=${false} value=${text} placeholder=${said.onePerLine} onInput=${type}></textarea>`;
    case 'map':
      return html`<textarea ...${tie} class="input" rows=${Math.min(8, text.split('\n').length + 1)} spellcheck=${false} value=${text}
        placeholder=${shape.schema?.enum ? said.tierLine : said.limitLine} onInput=${type}></textarea>`;
    case 'secret':
      return html`<input ...${tie} class="input" type="password" autocomplete="new-password" value=${text} placeholder=${setting.value ? said.secretSet : said.notSet} onInput=${type} />`;
    case 'other':
      return html`<textarea ...${tie} class="input" rows="2" readonly value=${text}></textarea>`;
    default:
      return isLong || text.includes('\n')
        ? html`<textarea ...${tie} class="input" rows="5" value=${text} placeholder=${said.notSet} onInput=${type}></textarea>`
        : html`<input ...${tie} class="input" spellcheck=${false} autocomplete="off" value=${text} placeholder=${said.notSet} onInput=${type} />`;
  }
}
