/** A question that a tool asks: choices, words or a form, answered or declined. It never takes the focus by itself. */
import { h, html, useEffect, useId, useState } from '../../lib/dom.js';
import { problemOf, serverNow } from '../../lib/api.js';
import { countdown } from '../../lib/format.js';
import { words } from '../../strings/thread.js';
import { backToComposer } from './composer-focus.js';
import { begun, filled, FormFields, goToWrong } from './question-form.js';
import { Problem } from './problem.js';

const say = words.question;

/** @param {{question: any, conversation: any}} props */
export function QuestionCard({ question, conversation }) {
  const [chosen, setChosen] = useState(/** @type {string[]} */ ([]));
  const [own, setOwn] = useState('');
  const form = question.form ?? [];
  const isForm = form.length > 0;
  const [fields, setFields] = useState(() => begun(form));
  const [isTried, setTried] = useState(false);
  const whole = filled(form, fields);
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const [left, setLeft] = useState(question.expires_at - serverNow());
  const id = useId();
  useEffect(() => {
    const timer = setInterval(() => setLeft(question.expires_at - serverNow()), 1000);
    return () => clearInterval(timer);
  }, [question.expires_at]);
  const answer = (/** @type {object} */ what) => conversation.answer(question, what).catch((/** @type {unknown} */ error) => setProblem(problemOf(error)));
  const values = own.trim() ? [...(question.is_multiple ? chosen : []), own.trim()] : chosen;
  const pick = (/** @type {string} */ option, /** @type {boolean} */ isOn) => {
    if (!question.is_multiple) setChosen([option]);
    else setChosen(isOn ? [...chosen, option] : chosen.filter((one) => one !== option));
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!isForm) return values.length > 0 && void answer({ answer: 'given', values });
    if (Object.keys(whole.wrong).length === 0) return void answer({ answer: 'filled', fields: whole.fields });
    setTried(true);
    goToWrong(/** @type {HTMLElement} */ (event.currentTarget));
  };
  return html`<form class="thread-question" data-testid="question" data-id=${question.id} tabindex="-1" aria-labelledby=${id} novalidate onSubmit=${submit} onKeyDown=${backToComposer}>
    <header><h3 id=${id}>${question.server ? say.ofServer(question.server) : say.title(question.agent)}</h3><span class="muted">${say.expires(countdown(left))}</span></header>
    <p class="thread-question-text">${question.text}</p>
    ${question.options.map(
      (/** @type {string} */ option) => html`<label class="thread-option"><input
          type=${question.is_multiple ? 'checkbox' : 'radio'} name=${id} checked=${chosen.includes(option)}
          onChange=${(/** @type {any} */ event) => pick(option, event.currentTarget.checked)} /> <span>${option}</span></label>`,
    )}
    ${isForm ? html`<div class="thread-question-fields">${h(FormFields, { form, values: fields, wrong: isTried ? whole.wrong : {}, set: setFields })}</div>` : null}
    ${isForm ? null : html`<label class="field"><span class=${question.options.length ? 'field-label' : 'hidden-text'}>${say.own}</span>
      <input class="input" value=${own} autocomplete="off" onInput=${(/** @type {any} */ event) => setOwn(event.currentTarget.value)} /></label>`}
    ${problem && h(Problem, { problem })}
    <footer><button class="button button-primary" disabled=${!isForm && !values.length}>${say.answer}</button>
      <button type="button" class="button" onClick=${() => answer({ answer: 'declined' })}>${say.decline}</button></footer>
  </form>`;
}
