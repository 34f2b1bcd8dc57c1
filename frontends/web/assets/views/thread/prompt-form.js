/** What a prompt of an MCP server asks for, in a dialog. The names and descriptions are the server's. */
import { h, html, useId, useState } from '../../lib/dom.js';
import { Dialog, openLayer } from '../../lib/dialog.js';
import { words } from '../../strings/thread.js';
import { goToWrong, Wrong } from './question-form.js';

const say = words.servers;

/**
 * @param {any} prompt @param {Record<string, string>} given
 * @returns {Promise<Record<string, string>>} fails if the person would rather not
 */
export async function askArguments(prompt, given) {
  const answer = await openLayer((close) => h(Form, { prompt, given, close }));
  if (!answer) throw new Error(say.promptLeft);
  return answer;
}

/** @param {{prompt: any, given: Record<string, string>, close: (answer?: Record<string, string>) => void}} props */
function Form({ prompt, given, close }) {
  const [values, setValues] = useState(given);
  const id = useId();
  const [isTried, setTried] = useState(false);
  const isMissing = (/** @type {any} */ one) => one.is_required && !values[one.name]?.trim();
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!prompt.arguments.some(isMissing)) return close(Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== '')));
    setTried(true);
    goToWrong(/** @type {HTMLElement} */ (event.currentTarget));
  };
  const field = (/** @type {any} */ one, /** @type {number} */ at) => {
    const wrong = isTried && isMissing(one) ? say.needed : undefined;
    const described = [one.description ? `${id}-${at}` : '', wrong ? `${id}-${at}-wrong` : ''].filter(Boolean).join(' ');
    return html`<label class="field" key=${one.name}><span class="field-label"><bdi>${one.name}</bdi> ${one.is_required ? '' : say.optional}</span>
      <input class="input" value=${values[one.name] ?? ''} autofocus=${at === 0} autocomplete="off" aria-required=${one.is_required} aria-invalid=${wrong ? 'true' : undefined}
        aria-describedby=${described || undefined}
        onInput=${(/** @type {any} */ event) => setValues({ ...values, [one.name]: event.currentTarget.value })} />
      ${one.description && html`<span class="field-hint" id=${`${id}-${at}`}><bdi>${one.description}</bdi></span>`}
      ${h(Wrong, { id: `${id}-${at}-wrong`, text: wrong })}</label>`;
  };
  return h(
    Dialog,
    { title: say.promptTitle(`${prompt.server}.${prompt.name}`), onClose: () => close(), testId: 'prompt-form' },
    html`<form class="thread-fields" novalidate onSubmit=${submit}>
      ${prompt.description && html`<p class="dialog-text"><bdi>${prompt.description}</bdi></p>`}
      ${prompt.arguments.map(field)}
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${() => close()}>${say.cancel}</button>
        <button class="button button-primary" >${say.send}</button>
      </footer>
    </form>`,
  );
}
