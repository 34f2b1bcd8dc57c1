/** Skills and prompts in a message: which there are in a folder, and the part of the input that calls one. */
import { get } from '../api.js';
import { prompted, promptWords } from './servers.js';

/** How long a list is good, milliseconds: files change while somebody writes. */
const FRESH = 2000;
const CALL = /^\/([a-z0-9][a-z0-9_-]*)(?:\s+([\s\S]*))?$/i;

/** What was asked for last. @type {{workspace: string, at: number, list: Promise<any[]>}|null} */
let kept = null;

/** The skills that people can call in a folder. @param {string} workspace @returns {Promise<any[]>} */
export function skillsOf(workspace) {
  if (kept && kept.workspace === workspace && Date.now() - kept.at < FRESH) return kept.list;
  const asked = get('/api/skills', workspace ? { workspace } : {});
  const list = asked.then((/** @type {any[]} */ all) => all.filter((skill) => skill.is_usable && skill.is_for_people));
  kept = { workspace, at: Date.now(), list };
  list.catch(() => (kept = null));
  return list;
}

/**
 * The input with its first text as the call of a skill, where it begins with `/` and the name of one.
 *
 * @param {any[]} input @param {string} workspace @returns {Promise<any[]>}
 */
export async function called(input, workspace) {
  const [first, ...rest] = input;
  const found = first?.type === 'text' ? CALL.exec(first.text) : null;
  if (!found) return prompted(input, workspace);
  const name = found[1].toLowerCase();
  const skills = await skillsOf(workspace).catch(() => []);
  if (!skills.some((skill) => skill.name === name)) return input;
  return [{ type: 'skill', name, arguments: (found[2] ?? '').trim() }, ...rest];
}

/** Whether a part of the input is words. @param {any} part */
export const isWords = (part) => ['text', 'skill', 'prompt'].includes(part.type);

/** The words of a part as they were written; a call of a skill as `/name words`, a prompt likewise. @param {any} part @returns {string} */
export function wordsIn(part) {
  if (part.type === 'text') return part.text;
  if (part.type === 'skill') return `/${part.name} ${part.arguments ?? ''}`.trimEnd();
  if (part.type === 'prompt') return promptWords(part);
  return '';
}
