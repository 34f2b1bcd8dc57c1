/** Files a person gives with a message: told by their bytes, bounded, and made into parts of the input. */
import { size } from '../format.js';
import { words } from '../../strings/thread.js';

/** Attachments of one message. */
const MAX_COUNT = 10;
/** Bytes of one image. */
const MAX_IMAGE = 5_000_000;
/** Bytes of one text file: more is better referred to with `@`. */
const MAX_TEXT = 400_000;
/** Bytes of all attachments together; base64 adds a third, and a request takes 15 MB. */
const MAX_ALL = 10_000_000;

/** What a file is, by its first bytes. @param {Uint8Array} bytes */
function imageType(bytes) {
  const begins = (/** @type {number[]} */ ...sign) => sign.every((byte, at) => bytes[at] === byte);
  if (begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  if (begins(0xff, 0xd8, 0xff)) return 'image/jpeg';
  if (begins(0x47, 0x49, 0x46, 0x38)) return 'image/gif';
  const isRiff = begins(0x52, 0x49, 0x46, 0x46);
  return isRiff && String.fromCharCode(...bytes.slice(8, 12)) === 'WEBP' ? 'image/webp' : '';
}

/** The text of bytes, or nothing if they are none. @param {Uint8Array} bytes */
function textIn(bytes) {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** @param {Uint8Array} bytes */
export function base64(bytes) {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

/** A text file as a part of its own: `@` in it is only a sign there. @param {string} name @param {string} text */
function filePart(name, text) {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return { type: 'text', text: `${words.attach.heading(name)}\n${fence}\n${text}${text.endsWith('\n') ? '' : '\n'}${fence}` };
}

/**
 * Takes files to what is attached already. Throws an error with words where one does not do.
 *
 * @param {File[]} files @param {Attached[]} attached @returns {Promise<Attached[]>}
 */
export async function attach(files, attached) {
  const all = [...attached];
  for (const file of files) {
    if (all.length >= MAX_COUNT) throw new Error(words.attach.tooMany(MAX_COUNT));
    if (file.size > MAX_IMAGE) throw new Error(words.attach.tooLarge(file.name, size(MAX_IMAGE)));
    const bytes = new Uint8Array(await file.arrayBuffer());
    const one = attachment(file.name || 'file', bytes);
    all.push(one);
    if (all.reduce((sum, { bytes: length }) => sum + length, 0) > MAX_ALL) throw new Error(words.attach.tooMuch(size(MAX_ALL)));
  }
  return all;
}

/**
 * @typedef {{id: string, name: string, bytes: number, part: any, preview: string}} Attached
 * @param {string} name @param {Uint8Array} bytes @returns {Attached}
 */
function attachment(name, bytes) {
  const id = `${Date.now()}-${Math.round(Math.random() * 1e9)}`;
  if (bytes.length === 0) throw new Error(words.attach.empty(name));
  const type = imageType(bytes);
  if (type) {
    const data = base64(bytes);
    return { id, name, bytes: bytes.length, part: { type: 'image', media_type: type, data }, preview: `data:${type};base64,${data}` };
  }
  const text = textIn(bytes);
  if (text === null) throw new Error(words.attach.notText(name));
  if (bytes.length > MAX_TEXT) throw new Error(words.attach.tooLarge(name, size(MAX_TEXT)));
  return { id, name, bytes: bytes.length, part: filePart(name, text), preview: '' };
}
