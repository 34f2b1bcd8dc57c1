/** The page of a browser without a session: how to get a link, or the password form; and the page of a failed start. */
import { h, html, useId, useState } from '../lib/dom.js';
import { openWithPassword } from '../lib/session.js';
import { words } from '../strings/shell.js';

const text = words.signIn;

/**
 * @param {{reason: string, retry: () => void, hasPassword?: boolean}} props
 */
function SignIn({ reason, retry, hasPassword = false }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(text.command).catch(() => {});
    setCopied(true);
  };
  return html`<main class="plain-page" id="main">
    <h1>${text.title}</h1>
    ${reason && html`<p class="problem" role="alert">${text.linkFailed} ${reason}</p>`}
    <p>${text.lead}</p>
    <p class="plain-command">
      <code>${text.command}</code>
      <button class="button" onClick=${copy}>${copied ? text.copied : text.copy}</button>
    </p>
    <p>${text.then}</p>
    <p class="muted">${text.other}</p>
    <p><button class="button" onClick=${retry}>${text.reload}</button></p>
    ${hasPassword && h(PasswordForm, { done: retry })}
  </main>`;
}

/** @param {{done: () => void}} props */
function PasswordForm({ done }) {
  const id = useId();
  const [problem, setProblem] = useState('');
  const submit = async (event) => {
    event.preventDefault();
    try {
      await openWithPassword(new FormData(event.currentTarget).get('password'));
      done();
    } catch (error) {
      setProblem(error.message);
    }
  };
  return html`<form onSubmit=${submit}>
    <p>${text.passwordLead}</p>
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

export { Failure, SignIn };
