/** The menus of the composer: `@` files, notes and resources, `/` actions, skills and prompts, `#` tags. What fits is found while typing. */
import { classes, html } from '../../lib/dom.js';
import { get } from '../../lib/api.js';
import { skillsOf } from '../../lib/conversation/skills.js';
import { promptsOf, resourceRef, resourcesOf } from '../../lib/conversation/servers.js';
import { fileRef, textRef } from '../../lib/refs.js';
import { words } from '../../strings/thread.js';

const say = words.composer;
const LIMIT = 12;

/**
 * @typedef {{key: string, label: string, hint?: string, insert?: string, isFolder?: boolean, run?: () => unknown}} Choice
 * @param {{sign: string, typed: string}} trigger @param {{workspace: string, actions: () => Choice[], tags: (name: string) => void}} of
 * @returns {Promise<Choice[]>}
 */
export async function choices({ sign, typed }, { workspace, actions, tags }) {
  if (sign === '/') return [...actions().filter(({ label, key }) => fits(typed, `${key} ${label}`)).slice(0, LIMIT), ...(await skills(typed, workspace)), ...(await prompts(typed, workspace))];
  if (sign === '#') {
    const known = (await get('/api/tags')).map((/** @type {any} */ tag) => tag.name);
    const found = known.filter((/** @type {string} */ name) => fits(typed, name)).slice(0, LIMIT);
    const fresh = typed && !known.includes(typed) ? [{ key: `new:${typed}`, label: say.newTag(typed), run: () => tags(typed) }] : [];
    return [...found.map((/** @type {string} */ name) => ({ key: name, label: `#${name}`, run: () => tags(name) })), ...fresh];
  }
  const [paths, notes, offered] = await Promise.all([
    workspace ? get('/api/paths', { workspace, typed, limit: LIMIT }) : { paths: [], is_whole: true },
    typed.length > 1 ? get('/api/conversations', { kind: ['note', 'document'], words: typed.replace(/^note:/, ''), limit: 5 }).catch(() => ({ entries: [] })) : { entries: [] },
    resources(typed, workspace),
  ]);
  return [
    ...paths.paths.map((/** @type {string} */ path) => ({ key: path, label: path, insert: fileRef(path), isFolder: path.endsWith('/') })),
    ...notes.entries.map((/** @type {any} */ note) => ({
      key: note.id,
      label: note.title || note.id,
      hint: note.kind === 'note' ? say.noteKind : say.documentKind,
      insert: textRef(note),
    })),
    ...offered,
  ];
}

/** Skills that fit, the best first; by their descriptions only from a word's beginning. @param {string} typed @param {string} workspace @returns {Promise<Choice[]>} */
async function skills(typed, workspace) {
  const wanted = typed.toLowerCase();
  const rank = (/** @type {any} */ { name, description }) => {
    if (name.startsWith(wanted)) return 0;
    if (fits(wanted, name)) return 1;
    return wanted.length > 2 && description.toLowerCase().split(/[^\p{L}\p{N}]+/u).some((/** @type {string} */ word) => word.startsWith(wanted)) ? 2 : 3;
  };
  const known = await skillsOf(workspace).catch(() => []);
  const found = known.map((skill) => ({ skill, place: rank(skill) })).filter(({ place }) => place < 3);
  found.sort((one, other) => one.place - other.place);
  return found.slice(0, LIMIT).map(({ skill }) => ({ key: `skill:${skill.name}`, label: `/${skill.name}`, hint: skill.description, insert: `/${skill.name}` }));
}

/** Resources of MCP servers that fit. @param {string} typed @param {string} workspace @returns {Promise<Choice[]>} */
async function resources(typed, workspace) {
  const known = await resourcesOf(workspace).catch(() => []);
  const found = known.filter((one) => resourceRef(one) && fits(typed, `${one.server}:${one.uri} ${one.name}`)).slice(0, LIMIT);
  // A template stays open for what is to be filled in.
  return found.map((one) => ({ key: `${one.server}:${one.uri}`, label: `${one.server}:${one.uri}`, hint: one.description || one.name, insert: /** @type {string} */ (resourceRef(one)), isFolder: one.is_template }));
}

/** Prompts of MCP servers that fit. @param {string} typed @param {string} workspace @returns {Promise<Choice[]>} */
async function prompts(typed, workspace) {
  const known = await promptsOf(workspace).catch(() => []);
  const found = known.filter((one) => fits(typed, `${one.server}.${one.name}`)).slice(0, LIMIT);
  return found.map((one) => ({ key: `prompt:${one.server}.${one.name}`, label: `/${one.server}.${one.name}`, hint: one.description, insert: `/${one.server}.${one.name}` }));
}

/** Whether all typed letters are in a text in their order, case apart. @param {string} typed @param {string} text */
export function fits(typed, text) {
  const within = text.toLowerCase();
  let at = -1;
  return [...typed.toLowerCase()].every((letter) => (at = within.indexOf(letter, at + 1)) >= 0);
}

/** @param {{id: string, sign: string, list: Choice[]|null, at: number, choose: (choice: Choice) => void}} props */
export function ComposerMenu({ id, sign, list, at, choose }) {
  const title = { '@': say.menuFiles, '/': say.menuActions, '#': say.menuTags }[sign];
  const press = (/** @type {Choice} */ one) => (/** @type {PointerEvent} */ event) => {
    // The composer keeps the focus.
    event.preventDefault();
    choose(one);
  };
  return html`<div class="thread-menu" role="listbox" id=${id} aria-label=${title} tabindex="0" data-testid="composer-menu" onMouseDown=${(/** @type {MouseEvent} */ event) => event.preventDefault()}>
    ${list?.map(
      (one, index) => html`<div key=${one.key} id=${`${id}-${index}`} role="option" aria-selected=${String(index === at)}
        class=${classes('thread-menu-item', index === at && 'is-selected')} onPointerDown=${press(one)}>
        <bdi>${one.label}</bdi>${one.hint && html`<span class="muted">${one.hint}</span>`}</div>`,
    )}
    ${!list && html`<p class="muted">${say.looking}</p>`} ${list?.length === 0 && html`<p class="muted">${say.nothing}</p>`}
  </div>`;
}
