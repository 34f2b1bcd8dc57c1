/** The clipboard, also where the page has no right to it (plain HTTP on a network), and files to save. */
import { request } from './api.js';

/** @param {string} text @returns {Promise<boolean>} whether it did */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const field = document.createElement('textarea');
  const before = document.activeElement;
  field.value = text;
  field.className = 'hidden-text';
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  const did = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return did;
}

/**
 * Saves what the server answers as a file.
 * @param {string} path
 * @param {Record<string, unknown>} query
 * @param {string} name
 */
async function saveAnswer(path, query, name) {
  saveBlob(await (await request(path, { query })).blob(), name);
}

/** @param {Blob} blob @param {string} name */
function saveBlob(blob, name) {
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
}

export { copyText, saveAnswer, saveBlob };
