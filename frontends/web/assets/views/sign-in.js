/** The page of a browser without a session: how to get a link, or the password form; and the page of a failed start. */
import { h, html, useId, useState } from '../lib/dom.js';
import { copyText } from '../lib/copy.js';
import { openWithPassword } from '../lib/session.js';
import { words } from '../strings/shell.js';

const text = words.signIn;

/** @param {{reason?: string, retry: () => void}} props */
function SignIn(props) {
  return html`<main class="plain-page" id="main"><h1>${text.title}</h1>${h(SignInText, props)}</main>`;
}

/** @param {{reason?: string, retry: () => void}} props */
function SignInText({ reason, retry }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => setCopied(await copyText(text.command));
  return html`<div>
    ${reason && html`<p class="problem" role="alert">${text.linkFailed} ${reason}</p>`}
    <p>${text.lead}</p>
    <p class="plain-command"><code>${text.command}</code><button class="button" onClick=${copy}>${copied ? text.copied : text.copy}</button></p>
    <p>${text.then}</p>
    <details><summary>${text.passwordLead}</summary>${h(PasswordForm, { done: retry })}</details>
    <p class="muted">${text.other}</p>
    <p><button class="button" onClick=${retry}>${text.reload}</button></p>
  </div>`;
}

/** @param {{done: () => void}} props */
function PasswordForm({ done }) {
  const id = useId();
  const [problem, setProblem] = useState('');
  const submit = async (event) => {
    event.preventDefault();
    try {
      await openWithPassword(String(new FormData(event.currentTarget).get('password')));
      done();
    } catch (error) {
      setProblem(error.message);
    }
  };
  return html`<form onSubmit=${submit}>
    <label class="field" for=${id}><span class="field-label">${text.password}</span>
      <input class="input" id=${id} name="password" type="password" autocomplete="current-password" required />
    </label>
    ${problem && html`<p class="field-error" role="alert">${problem}</p>`}
    <button class="button button-primary">${text.enter}</button>
  </form>`;
}

/** @param {{problem: import('../lib/api.js').Problem, retry: () => void}} props */
function Failure({ problem, retry }) {
  return html`<main class="plain-page" id="main">
    <h1>${words.failedTitle}</h1>
    <div class="problem" role="alert">
      <p><strong>${problem.message}</strong></p>
      ${problem.causes.map((cause) => html`<p>${cause}</p>`)}
      ${problem.hint && html`<p>${problem.hint}</p>`}
    </div>
    <p><button class="button button-primary" onClick=${retry}>${words.retry}</button></p>
  </main>`;
}

export { Failure, SignIn, SignInText };
