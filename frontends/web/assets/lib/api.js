/** Questions and wishes to the host over HTTP. Every failure is an `ApiError` with a problem a person can act on. */
import { NoPass } from './proof.js';
import { doubtServer, forget, renewPass, tabPass } from './session.js';

/**
 * @typedef {{code: string, message: string, hint?: string, field?: string, causes: string[], retryable: boolean}} Problem
 */

/** A request that did not do. */
class ApiError extends Error {
  /**
   * @param {number} status 0 where no answer came
   * @param {Problem} problem
   */
  constructor(status, problem) {
    super(problem.message);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
  }
}

/** A clock this far from the server's is wrong; less is the way the answer took, milliseconds. */
const WRONG = 3_000;
let skew = 0;

/** What the server's clock shows now: its moments are measured against it, wherever the browser is. */
function serverNow() {
  return Date.now() + skew;
}

/** @param {Response} answer */
function setClock(answer) {
  const off = Date.parse(answer.headers?.get('Date') ?? '') - Date.now();
  if (Math.abs(off - skew) > WRONG) skew = Math.abs(off) > WRONG ? off : 0;
}

/** @returns {Problem} */
function unreachable() {
  return {
    code: 'unreachable',
    message: 'aroom does not answer',
    hint: 'Start it; this page reconnects by itself.',
    causes: [],
    retryable: true,
  };
}

/** Whoever answers cannot prove that it is the server of this page. @returns {Problem} */
function stranger() {
  return {
    code: 'unreachable',
    message: 'another program answers at the address of aroom',
    hint: 'Nothing was sent to it. Start aroom; if another user of this machine has its port, choose another one.',
    causes: [],
    retryable: true,
  };
}

/** @returns {Problem} */
function signedOut() {
  return {
    code: 'unauthenticated',
    message: 'this browser is not signed in',
    hint: 'Run `aroom web --print-url` and open the link it prints.',
    causes: [],
    retryable: false,
  };
}

/** @param {() => Promise<string>} make @returns {Promise<string>} */
async function passOf(make) {
  try {
    return await make();
  } catch (cause) {
    if (!(cause instanceof NoPass)) throw cause;
    if (cause.kind === 'stranger') throw new ApiError(0, stranger());
    if (cause.kind === 'unreachable') throw new ApiError(0, unreachable());
    forget();
    throw new ApiError(401, signedOut());
  }
}

/** @param {string} url @param {RequestInit} init @param {string} pass */
function sent(url, init, pass) {
  const headers = new Headers(init.headers);
  headers.set('X-Anteroom-Tab', pass);
  return fetch(url, { ...init, headers }).catch((cause) => {
    if (cause?.name === 'AbortError') throw cause;
    doubtServer();
    throw new ApiError(0, unreachable());
  });
}

/**
 * One request, as it is.
 * @param {string} path
 * @param {RequestInit & {query?: Record<string, unknown>}} [init]
 * @returns {Promise<Response>} a good one
 */
async function request(path, { query, ...init } = {}) {
  const url = path + queryOf(query);
  const pass = await passOf(() => tabPass(init.keepalive));
  let answer = await sent(url, init, pass);
  // A server that began anew takes no pass of the one before, and did nothing.
  const renewed = answer.status === 401 && pass ? await passOf(() => renewPass(pass)) : '';
  if (renewed) answer = await sent(url, init, renewed);
  setClock(answer);
  if (answer.ok) return answer;
  if (answer.status === 401) forget();
  const said = await answer.json().catch(() => ({}));
  throw new ApiError(answer.status, {
    code: said.code ?? 'internal',
    message: said.message ?? `the server answered ${answer.status}`,
    hint: said.hint,
    field: said.field,
    causes: said.causes ?? [],
    retryable: said.retryable ?? answer.status >= 500,
  });
}

/** @param {Record<string, unknown>} [query] values that are null, undefined or false are left out */
function queryOf(query) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== false && one !== '') pairs.append(name, String(one));
    }
  }
  const text = pairs.toString();
  return text && `?${text}`;
}

/** @param {Response} answer */
async function bodyOf(answer) {
  if (answer.status === 204) return null;
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

/** @param {string} method */
function sending(method) {
  return async (/** @type {string} */ path, /** @type {unknown} */ body, /** @type {RequestInit} */ init = {}) =>
    bodyOf(
      await request(path, {
        ...init,
        method,
        headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...init.headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
    );
}

/**
 * Reads a view.
 * @param {string} path
 * @param {Record<string, unknown>} [query]
 * @param {RequestInit} [init] above all `signal`
 */
async function get(path, query, init = {}) {
  return bodyOf(await request(path, { ...init, query }));
}

const post = sending('POST');
const patch = sending('PATCH');

/** @param {string} path */
async function del(path, init = {}) {
  return bodyOf(await request(path, { ...init, method: 'DELETE' }));
}

/**
 * Submits a wish.
 * @param {string} noun
 * @param {object} wish its verb and what belongs to it
 * @returns {Promise<string>} its id, which is also the id of what it creates
 */
async function op(noun, wish, init = {}) {
  return (await post('/api/ops', { noun, op: wish }, init)).op;
}

/**
 * What went wrong, whatever was thrown.
 * @param {unknown} error
 * @returns {Problem}
 */
function problemOf(error) {
  if (error instanceof ApiError) return error.problem;
  return { code: 'internal', message: String(/** @type {any} */ (error)?.message ?? error), causes: [], retryable: false };
}

export { ApiError, del, get, op, patch, post, problemOf, request, serverNow };
