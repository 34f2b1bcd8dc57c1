/** What the canvas panel knows without a page: the canvas a model is writing, names of files, text as a code block. Pure. */

/** Tools that write a canvas; their arguments are shown while they come. */
const WRITERS = new Set(['create_canvas', 'update_canvas']);

/**
 * A string among arguments that are still being written, as far as it has come.
 * @param {string} text a JSON object, cut off anywhere
 * @param {string} name
 * @returns {string|null} null while it has not begun
 */
function partialField(text, name) {
  const found = new RegExp(`"${name}"\\s*:\\s*"`).exec(text);
  if (!found) return null;
  const string = /(?:[^"\\]|\\(?:u[\da-fA-F]{4}|[^u]))*/y;
  string.lastIndex = found.index + found[0].length;
  const inside = string.exec(text)?.[0] ?? '';
  try {
    return JSON.parse(`"${inside.replace(/[\u0000-\u001f]/g, ' ')}"`).replace(/[\ud800-\udbff]$/, '');
  } catch {
    return null;
  }
}

/**
 * The canvas that is being written, if one is.
 * @param {{tool: string, text: string}[]} drafts
 * @returns {{id: string, title: string, kind: string, body: string}|null}
 */
function writtenNow(drafts) {
  const draft = drafts.findLast(({ tool }) => WRITERS.has(tool));
  const body = draft && partialField(draft.text, 'content');
  if (!draft || body === null) return null;
  const id = draft.tool === 'update_canvas' ? (partialField(draft.text, 'id') ?? '') : '';
  return { id, title: partialField(draft.text, 'title') ?? '', kind: partialField(draft.text, 'kind') ?? '', body };
}

/** Whether it is shown as formatted text. @param {string} kind */
function isMarkdown(kind) {
  return ['markdown', 'md', ''].includes(kind.toLowerCase());
}

/** Whether there is a picture of it. @param {string} kind */
function hasPreview(kind) {
  return ['html', 'svg'].includes(kind.toLowerCase());
}

/** A text as one block of code, whatever is in it. @param {string} kind @param {string} body */
function asCode(kind, body) {
  return `${'~'.repeat(60)}${kind}\n${body}`;
}

const ENDINGS = {
  markdown: 'md', javascript: 'js', typescript: 'ts', python: 'py', rust: 'rs', html: 'html', svg: 'svg', mermaid: 'mmd', bash: 'sh', shell: 'sh', text: 'txt',
};

/** A name for the file. @param {{title: string, kind: string}} canvas */
function fileName({ title, kind }) {
  const name = title.replace(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^\.+/, '').trim().slice(0, 80) || 'canvas';
  const ending = ENDINGS[kind.toLowerCase()] ?? (/^[a-z\d]{1,6}$/i.test(kind) ? kind.toLowerCase() : 'txt');
  return /\.[\w]{1,8}$/.test(name) ? name : `${name}.${ending}`;
}

export { asCode, fileName, hasPreview, isMarkdown, partialField, writtenNow };
