/** What MCP servers offer to a message: resources behind `@`, prompts as `/server.prompt name=value`. */
import { signal } from '../../vendor/signals.js';
import { ApiError, get } from '../api.js';
import { follow } from '../live.js';
import { words as said } from '../../strings/thread.js';

/** How long a list is good, milliseconds. */
const FRESH = 4000;
const CALL = /^\/([\w-]+)\.([^\s/]+)(?:\s+([\s\S]*))?$/;

/** @type {Map<string, {at: number, list: Promise<any[]>}>} */
const kept = new Map();

/** Rises when servers came, went or offer something else. */
export const offers = signal(0);
let isFollowing = false;

function followOffers() {
  if (isFollowing) return;
  isFollowing = true;
  follow('host', {
    signals(list) {
      if (!list.some(({ signal: kind, envelope }) => kind === 'event' && ['mcp', 'setting'].includes(envelope.event.noun))) return;
      kept.clear();
      offers.value += 1;
    },
  });
}

/** @param {string} what @param {string} workspace @returns {Promise<any[]>} */
function listOf(what, workspace) {
  followOffers();
  const key = `${what} ${workspace}`;
  const known = kept.get(key);
  if (known && Date.now() - known.at < FRESH) return known.list;
  const list = get(`/api/mcp/${what}`, workspace ? { workspace } : {});
  kept.set(key, { at: Date.now(), list });
  list.catch(() => kept.delete(key));
  return list;
}

/** What can be attached. @param {string} workspace */
export const resourcesOf = (workspace) => listOf('resources', workspace);

/** What can be sent. @param {string} workspace */
export const promptsOf = (workspace) => listOf('prompts', workspace);

/** How a resource is written in a message; none if it cannot be. @param {any} resource @returns {string|null} */
export function resourceRef({ server, uri }) {
  return /[\s"(]|[.,;!?)\]}'>…]$/.test(uri) ? null : `@${server}:${uri}`;
}

/**
 * What is given to a prompt in words: `name=value` each, a value perhaps in quotes; all words where it takes one thing.
 *
 * @param {any} prompt @param {string} words @returns {Record<string, string>}
 */
export function argumentsIn(prompt, words) {
  const names = prompt.arguments.map((/** @type {any} */ one) => one.name);
  /** @type {Record<string, string>} */
  const given = {};
  let rest = words.trim();
  for (;;) {
    const found = /^([^\s=]+)=(?:"([^"]*)"|(\S*))\s*/.exec(rest);
    if (!found || !names.includes(found[1])) break;
    given[found[1]] = found[2] ?? found[3];
    rest = rest.slice(found[0].length);
  }
  if (names.length === 1 && Object.keys(given).length === 0 && rest) given[names[0]] = rest;
  return given;
}

/** @param {string} server @param {string} name */
function gone(server, name) {
  return new ApiError(404, { code: 'not_found', message: said.servers.promptGone(server, name), causes: [], hint: said.servers.promptGoneHint, retryable: false });
}

/** Whether a server of this name was written down, connected or not. @param {string} name @param {string} workspace */
async function isServer(name, workspace) {
  const servers = await get('/api/mcp', workspace ? { workspace } : {}).catch(() => []);
  return servers.some((/** @type {any} */ server) => server.name === name);
}

/** A prompt as it is written. @param {any} part @returns {string} */
export function promptWords(part) {
  const pairs = Object.entries(part.arguments ?? {}).map(([name, value]) => `${name}=${/[\s"]|^$/.test(value) ? `"${value.replaceAll('"', "'")}"` : value}`);
  return [`/${part.server}.${part.name}`, ...pairs].join(' ');
}

/**
 * The input with its first text as a prompt, where it begins with the name of one. What the prompt still needs is asked.
 *
 * @param {any[]} input @param {string} workspace @returns {Promise<any[]>} fails if the person would rather not
 */
export async function prompted(input, workspace) {
  const [first, ...rest] = input;
  const found = first?.type === 'text' ? CALL.exec(first.text) : null;
  if (!found) return input;
  const [, server, name, words = ''] = found;
  const prompts = await promptsOf(workspace).catch(() => []);
  const prompt = prompts.find((one) => one.server === server && one.name === name);
  if (!prompt && (await isServer(server, workspace))) throw gone(server, name);
  if (!prompt) return input;
  const given = argumentsIn(prompt, words);
  const open = prompt.arguments.filter((/** @type {any} */ one) => !(one.name in given));
  const isAsked = open.some((/** @type {any} */ one) => one.is_required) || (open.length > 0 && Object.keys(given).length === 0);
  if (!isAsked) return [{ type: 'prompt', server, name, arguments: given }, ...rest];
  const { askArguments } = await import('../../views/thread/prompt-form.js');
  return [{ type: 'prompt', server, name, arguments: await askArguments(prompt, given) }, ...rest];
}
