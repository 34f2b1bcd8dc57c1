/** Dialogs that put a conversation somewhere without a mouse: folder, project, tags; and a folder into another. */
import { h, html, useEffect, useId, useState } from '../lib/dom.js';
import { assignTo, moveFolder as submitMove, moveTo, newFolder, setTags, titleOf } from '../lib/actions.js';
import { get } from '../lib/api.js';
import { Dialog, openLayer } from '../lib/dialog.js';
import { folders, projects } from '../lib/list.js';
import { words } from '../strings/shell.js';

const say = words.filing;

/**
 * One of several, as radio buttons.
 * @param {{title: string, choices: {id: string, name: string, depth?: number}[], chosen: string, action: string,
 *   close: (id?: string) => void, more?: unknown}} props an id that is empty means: none
 */
function Pick({ title, choices, chosen, action, close, more }) {
  const [id, setId] = useState(chosen);
  const group = useId();
  const submit = (event) => {
    event.preventDefault();
    close(id);
  };
  return h(
    Dialog,
    { title, onClose: () => close() },
    html`<form onSubmit=${submit}>
      <ul class="pick-list" role="radiogroup" aria-label=${title}>
        ${choices.map(
          (one) => html`<li key=${one.id} style=${{ paddingInlineStart: `${(one.depth ?? 0) * 20}px` }}>
            <label class="check"><input type="radio" name=${group} checked=${one.id === id} autofocus=${one.id === chosen}
              onChange=${() => setId(one.id)} />${one.name}</label>
          </li>`,
        )}
      </ul>
      <footer class="dialog-foot">
        ${more}
        <button type="button" class="button" onClick=${() => close()}>${words.cancel}</button>
        <button class="button button-primary">${action}</button>
      </footer>
    </form>`,
  );
}

/** The tree as a list, each with how deep it is. @param {(folder: import('../lib/list.js').Folder) => boolean} wanted */
function tree(wanted, parent, depth = 0) {
  return folders.value
    .filter((folder) => (folder.parent ?? '') === parent && wanted(folder))
    .flatMap((folder) => [{ id: folder.id, name: folder.name, depth }, ...tree(wanted, folder.id, depth + 1)]);
}

/** @param {import('../lib/list.js').View} view */
async function pickFolder(view) {
  const mine = (folder) => (folder.database ?? null) === (view.database ?? null);
  const choices = [{ id: '', name: say.noFolder }, ...tree(mine, '')];
  const picked = await openLayer((close) => {
    const create = () => close('new');
    const more = html`<button type="button" class="button button-quiet" onClick=${create}>${say.newFolder}</button>`;
    return h(Pick, { title: say.folderTitle(titleOf(view)), choices, chosen: view.folder ?? '', action: say.move, close, more });
  });
  if (picked === undefined) return;
  const made = picked === 'new' ? await newFolder() : null;
  if (picked === 'new' && !made) return;
  const id = made?.id ?? picked;
  await moveTo(view, id || null, made?.name ?? choices.find((one) => one.id === id)?.name);
}

/** @param {import('../lib/list.js').Folder} folder */
async function moveFolder(folder) {
  const others = (one) => one.id !== folder.id && (one.database ?? null) === (folder.database ?? null);
  const choices = [{ id: '', name: say.top }, ...tree(others, '')];
  const title = say.folderTitle(folder.name);
  const picked = await openLayer((close) => h(Pick, { title, choices, chosen: folder.parent ?? '', action: say.move, close }));
  if (picked !== undefined && picked !== (folder.parent ?? '')) await submitMove(folder.id, picked || null);
}

/** @param {import('../lib/list.js').View} view */
async function pickProject(view) {
  const mine = projects.value.filter((project) => (project.database ?? null) === (view.database ?? null));
  const choices = [{ id: '', name: say.noProject }, ...mine.map(({ id, name }) => ({ id, name }))];
  const title = say.projectTitle(titleOf(view));
  const picked = await openLayer((close) => h(Pick, { title, choices, chosen: view.project ?? '', action: say.assign, close }));
  if (picked !== undefined) await assignTo(view, picked || null);
}

/** @param {import('../lib/list.js').View} view */
async function editTags(view) {
  const tags = await openLayer((close) => h(TagEditor, { view, close }));
  if (tags) await setTags(view, tags);
}

/** @param {{view: import('../lib/list.js').View, close: (tags?: string[]) => void}} props */
function TagEditor({ view, close }) {
  const [tags, setTagList] = useState(view.tags ?? []);
  const [text, setText] = useState('');
  const [known, setKnown] = useState([]);
  const id = useId();
  useEffect(() => void get('/api/tags').then((list) => setKnown(list.map(({ name }) => name)), () => {}), []);
  const given = (list) => [...new Set([...list, tagOf(text)])].filter(Boolean).sort();
  const submit = (event) => {
    event.preventDefault();
    if (!tagOf(text)) return close(tags);
    setTagList(given(tags));
    setText('');
  };
  return h(
    Dialog,
    { title: say.tagsTitle(titleOf(view)), onClose: () => close() },
    html`<form onSubmit=${submit}>
      <label class="field" for=${id}><span class="field-label">${say.tag}</span>
        <input id=${id} class="input" value=${text} list=${`${id}-known`} maxlength="64" autocomplete="off" autocapitalize="off" autofocus
          aria-describedby=${`${id}-hint`} onInput=${(event) => setText(event.currentTarget.value)} />
      </label>
      <datalist id=${`${id}-known`}>${known.filter((tag) => !tags.includes(tag)).map((tag) => html`<option key=${tag} value=${tag} />`)}</datalist>
      <p class="field-hint" id=${`${id}-hint`}>${say.tagHint}</p>
      <ul class="tag-list">
        ${tags.map(
          (tag) => html`<li key=${tag}><span class="chip">#${tag}
            <button type="button" class="icon-button" aria-label=${say.removeTag(tag)} onClick=${() => setTagList(tags.filter((one) => one !== tag))}>✕</button>
          </span></li>`,
        )}
      </ul>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${() => close()}>${words.cancel}</button>
        <button type="button" class="button button-primary" onClick=${() => close(given(tags))}>${words.save}</button>
      </footer>
    </form>`,
  );
}

/** What a person typed as the host writes tags. @param {string} text */
function tagOf(text) {
  return text.trim().replace(/^#+/, '').replace(/[\s,#]+/g, '-').toLowerCase();
}

export { editTags, moveFolder, pickFolder, pickProject };
