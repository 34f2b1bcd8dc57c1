/**
 * What the pages for looking after things share: the frame of a page, reading with its three states, problems in
 * words, fields with their help and error, links.
 */
import { html, h, useCallback, useEffect, useLayoutEffect, useRef, useState } from '../../lib/dom.js';
import { problemOf } from '../../lib/api.js';
import { copyText as copy, saveBlob } from '../../lib/copy.js';
import { follow } from '../../lib/live.js';
import { link } from '../../lib/router.js';
import { toast } from '../../lib/toast.js';
import { words } from '../../strings/manage.js';

const said = words.common;

/**
 * @typedef {{code?: string, message?: string, error?: string, hint?: string|null, field?: string|null,
 *   causes?: string[], retryable?: boolean}} AnyProblem a problem as a route answers it, or as a read holds it
 */

/**
 * Reads something when the page opens and whenever an input changes. What was read stays while it is read again.
 * @template T
 * @param {() => Promise<T>} read
 * @param {unknown[]} inputs
 * @returns {{data: T|null, problem: AnyProblem|null, isLoading: boolean, reload: () => Promise<void>,
 *   set: (data: T) => void}}
 */
export function useRead(read, inputs) {
  const [state, setState] = useState({ data: null, problem: null, isLoading: true });
  const round = useRef(0);
  const latest = useRef(read);
  latest.current = read;
  const reload = useCallback(async () => {
    const mine = ++round.current;
    setState((before) => ({ ...before, isLoading: true }));
    try {
      const data = await latest.current();
      if (mine === round.current) setState({ data, problem: null, isLoading: false });
    } catch (thrown) {
      if (mine !== round.current) return;
      setState((before) => ({ ...before, problem: problemOf(thrown), isLoading: false }));
    }
  }, []);
  useEffect(() => {
    void reload();
    return () => {
      round.current += 1;
    };
  }, inputs);
  const set = useCallback((data) => setState({ data, problem: null, isLoading: false }), []);
  return { ...state, reload, set };
}

/**
 * Calls back a moment after the host told a fact about one of these nouns.
 * @param {string[]} nouns
 * @param {() => void} then
 */
export function useFacts(nouns, then) {
  const latest = useRef(then);
  latest.current = then;
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let soon;
    const stop = follow('host', {
      signals(list) {
        const isOurs = (signal) => signal.signal === 'event' && nouns.includes(signal.envelope.event.noun);
        if (!list.some(isOurs)) return;
        clearTimeout(soon);
        soon = setTimeout(() => latest.current(), 120);
      },
    });
    return () => {
      clearTimeout(soon);
      stop();
    };
  }, [nouns.join(' ')]);
}

/**
 * Does something once at a time and keeps what went wrong.
 * @returns {{isBusy: boolean, problem: AnyProblem|null, run: (work: () => Promise<unknown>, done?: string) =>
 *   Promise<boolean>, forget: () => void}}
 */
export function useWork() {
  const [state, setState] = useState({ isBusy: false, problem: null });
  const isAlive = useRef(true);
  useEffect(() => () => {
    isAlive.current = false;
  }, []);
  const run = useCallback(async (work, done) => {
    setState({ isBusy: true, problem: null });
    let problem = null;
    try {
      await work();
      if (done) toast(done, { kind: 'ok' });
    } catch (thrown) {
      problem = problemOf(thrown);
    }
    if (isAlive.current) setState({ isBusy: false, problem });
    return problem === null;
  }, []);
  const forget = useCallback(() => setState({ isBusy: false, problem: null }), []);
  return { ...state, run, forget };
}

/** The frame of a page: its heading, one line on what it is for, its actions. */
export function Page({ title, intro, actions, children, testid }) {
  return html`<main class="shell-main manage" id="main" tabindex="-1" data-testid=${testid}>
    <header class="manage-head">
      <div class="manage-head-text">
        <h1>${title}</h1>
        ${intro ? html`<p class="manage-intro">${intro}</p>` : null}
      </div>
      ${actions ? html`<div class="manage-actions">${actions}</div>` : null}
    </header>
    ${children}
  </main>`;
}

/** A part of a page with a heading of its own. */
export function Part({ title, intro, actions, children, id, level = 2 }) {
  const heading = level === 3 ? html`<h3 id=${id}>${title}</h3>` : html`<h2 id=${id}>${title}</h2>`;
  return html`<section class="manage-part" aria-labelledby=${id}>
    <div class="manage-part-head">
      ${heading}
      ${actions ? html`<div class="manage-actions">${actions}</div>` : null}
    </div>
    ${intro ? html`<p class="manage-intro">${intro}</p>` : null}
    ${children}
  </section>`;
}

/**
 * Text with what stands in backticks as code.
 * @param {{text: string}} props
 */
export function Prose({ text }) {
  const pieces = String(text ?? '').split('`');
  // An odd backtick is only a sign.
  if (pieces.length % 2 === 0) return text;
  return pieces.map((piece, at) => (at % 2 === 1 ? html`<code>${piece}</code>` : piece));
}

/** A problem where it happened: what, why, what to do. */
export function ProblemNote({ problem, onRetry, id, kind = 'danger' }) {
  if (!problem) return null;
  const causes = problem.causes ?? [];
  return html`<div class=${`manage-note manage-note-${kind}`} role=${kind === 'danger' ? 'alert' : 'note'} id=${id}>
    <p class="manage-note-title">${h(Prose, { text: problem.message ?? problem.error ?? '' })}</p>
    ${causes.map((cause) => html`<p class="manage-note-cause">${h(Prose, { text: cause })}</p>`)}
    ${problem.hint ? html`<p>${h(Prose, { text: problem.hint })}</p>` : null}
    ${onRetry
      ? html`<p><button type="button" class="button" onClick=${onRetry}>${said.retry}</button></p>`
      : null}
  </div>`;
}

/** A remark that is no failure. */
export function Note({ kind = 'info', children }) {
  return html`<div class=${`manage-note manage-note-${kind}`} role="note">${children}</div>`;
}

/**
 * The three states of something read: bars while there is nothing yet, the problem with a way on, or what it is.
 * @param {{read: {data: any, problem: AnyProblem|null, isLoading: boolean, reload: () => void},
 *   children: (data: any) => unknown}} props
 */
export function Loaded({ read, children }) {
  return html`
    ${read.problem ? h(ProblemNote, { problem: read.problem, onRetry: read.reload }) : null}
    ${read.data !== null ? children(read.data) : null}
    ${read.data === null && read.isLoading ? h(Bars, {}) : null}
  `;
}

/** Stands for what is still read; seen only after a moment. */
export function Bars() {
  return html`<div class="manage-bars" role="status">
    <span class="hidden-text">${said.loading}</span><i></i><i></i><i></i>
  </div>`;
}

/** Nothing there: one sentence, and what to do about it. */
export function Empty({ text, children }) {
  return html`<div class="manage-empty"><p>${h(Prose, { text })}</p>${children}</div>`;
}

/** A link inside the page, which keeps the page. */
export function Link({ href, children, current, className, label }) {
  return html`<a ...${link(href)} class=${className} aria-current=${current ? 'page' : undefined} aria-label=${label}>${children}</a>`;
}

/** The ways within a page: links, so that each has an address. */
export function Ways({ label, ways }) {
  return html`<nav class="manage-ways" aria-label=${label}>
    <ul>
      ${ways.map(({ href, name, isCurrent, note }) => html`<li key=${href}>
        ${h(Link, { href, current: isCurrent, children: [name, note ? html`<small>${note}</small>` : null] })}
      </li>`)}
    </ul>
  </nav>`;
}

/**
 * A labelled control with its help and its error tied to it.
 * @param {{id: string, label: unknown, help?: unknown, problem?: AnyProblem|null, children: (tie: {id: string,
 *   'aria-describedby'?: string, 'aria-invalid'?: 'true'}) => unknown, className?: string}} props
 */
export function Field({ id, label, help, problem, children, className }) {
  const described = [help ? `${id}-help` : '', problem ? `${id}-error` : ''].filter(Boolean).join(' ');
  const tie = { id, 'aria-describedby': described || undefined, 'aria-invalid': problem ? 'true' : undefined };
  return html`<div class=${`manage-field ${className ?? ''}`}>
    <label for=${id}>${label}</label>
    ${children(tie)}
    ${help ? html`<p class="manage-help" id=${`${id}-help`}>${help}</p>` : null}
    ${problem ? h(FieldError, { id: `${id}-error`, problem }) : null}
  </div>`;
}

/** What is wrong with a field. */
export function FieldError({ id, problem }) {
  return html`<p class="manage-error" id=${id} role="alert">
    ${h(Prose, { text: problem.message ?? problem.error ?? '' })}
    ${problem.hint ? html` <span>${h(Prose, { text: problem.hint })}</span>` : null}
  </p>`;
}

/** One choice of several, all in sight. */
export function Choices({ legend, name, value, choices, onChange, isDisabled, isLegendHidden }) {
  return html`<fieldset class="manage-choices" disabled=${isDisabled}>
    <legend class=${isLegendHidden ? 'hidden-text' : ''}>${legend}</legend>
    ${choices.map((choice) => html`<label key=${choice.value} class="manage-choice">
      <input type="radio" name=${name} value=${choice.value} checked=${choice.value === value}
        aria-describedby=${choice.help ? `${name}-${choice.value}-help` : undefined}
        onChange=${() => onChange(choice.value)} />
      <span><span class="manage-choice-name">${choice.label}</span>
      ${choice.help ? html`<small id=${`${name}-${choice.value}-help`}>${choice.help}</small>` : null}</span>
    </label>`)}
  </fieldset>`;
}

/** A table that says what it holds. Where it has no room its rows become cards, or it scrolls by itself if it is of numbers. */
export function Table({ caption, heads, children, isOfNumbers = false }) {
  const table = useRef(null);
  useLayoutEffect(() => {
    // Where rows are shown as cards, each cell says which column it is of.
    const names = heads.map((head) => (head.isHidden ? '' : (head.name ?? head)));
    for (const row of table.current.tBodies[0].rows) [...row.cells].forEach((cell, at) => (cell.dataset.label = names[at] ?? ''));
  });
  return html`<div class="manage-scroll" role="region" aria-label=${caption} tabindex="0">
    <table ref=${table} class=${`manage-table ${isOfNumbers ? '' : 'manage-stack'}`}>
      <caption class="hidden-text">${caption}</caption>
      <thead><tr>${heads.map((head) => html`<th scope="col" class=${head.isNumber ? 'manage-number' : ''}>
        ${head.isHidden ? html`<span class="hidden-text">${head.name}</span>` : (head.name ?? head)}</th>`)}</tr></thead>
      <tbody>${children}</tbody>
    </table>
  </div>`;
}

/** A sign with its word: color never stands alone. */
export function Badge({ kind, sign, children }) {
  return html`<span class=${`manage-badge manage-${kind}`}>${sign ? html`<span aria-hidden="true">${sign}</span> ` : null}${children}</span>`;
}

/**
 * Puts a text into the clipboard and says so.
 * @param {string} text
 */
export async function copyText(text) {
  const did = await copy(text);
  toast(did ? said.copied : said.notCopied, { kind: did ? 'ok' : 'error' });
}

/**
 * Saves a text as a file of the person's.
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
export function saveFile(name, text, type) {
  saveBlob(new Blob([text], { type }), name);
}
