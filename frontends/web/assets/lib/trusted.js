/**
 * The one Trusted Types policy of the page: it makes the address of a worker of ours, and nothing else.
 *
 * A worker lies beside this file and its name ends in `worker.js`. There is no policy that makes HTML or scripts.
 */

const home = new URL('./', import.meta.url).href;
const shape = /^[a-z-]*worker\.js$/;

/** @param {string} url */
function checked(url) {
  const name = url.startsWith(home) ? url.slice(home.length) : '';
  if (!shape.test(name)) throw new TypeError(`no worker of ours: ${url}`);
  return url;
}

const policy = globalThis.trustedTypes?.createPolicy('aroom-url', { createScriptURL: checked });

/**
 * The address of a worker, as `new Worker` and `new SharedWorker` take it.
 * @param {string} name a file of `lib/`, for example `worker.js`
 * @returns {string}
 */
function workerUrl(name) {
  const url = home + name;
  return policy ? policy.createScriptURL(url) : checked(url);
}

export { workerUrl };
