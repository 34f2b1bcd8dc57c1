/** What a setting is, as far as its schema says, and what a person's text comes to. Knows nothing of elements. */
import { words } from '../../strings/manage.js';

const said = words.settings;

/**
 * @typedef {{kind: 'switch'|'number'|'choice'|'list'|'text'|'secret'|'map'|'other', isWhole?: boolean, least?: number,
 *   most?: number, words?: string[], schema?: any}} Shape
 */

/**
 * The schema of a dotted name.
 * @param {any} schema
 * @param {string} key
 */
export function schemaOf(schema, key) {
  return key.split('.').reduce((found, name) => found?.properties?.[name], schema) ?? {};
}

/**
 * How a setting is edited.
 * @param {any} setting
 * @param {any} schema that of the setting
 * @returns {Shape}
 */
export function shapeOf(setting, schema) {
  if (setting.is_secret) return { kind: 'secret' };
  const types = [schema.type ?? []].flat();
  if (schema.enum) return { kind: 'choice', words: ownWords(schema.enum, setting) };
  if (types.includes('boolean')) return { kind: 'switch' };
  if (types.includes('integer') || (types.includes('number') && !types.includes('string'))) {
    const isWhole = types.includes('integer');
    // Bounds nobody meets are none.
    const most = schema.maximum >= 4_294_967_295 ? undefined : schema.maximum;
    return { kind: 'number', isWhole, least: schema.minimum, most };
  }
  if (types.includes('array')) return schema.items?.type === 'string' ? { kind: 'list' } : { kind: 'other' };
  if (types.includes('object')) return { kind: 'map', schema: schema.additionalProperties };
  return { kind: 'text' };
}

/** Words without those that only mean another one: a short form of it. */
function ownWords(list, setting) {
  const isShort = (word) => list.some((other) => other !== word && other.endsWith(`_${word}`));
  return list.filter((word) => word === setting.value || !isShort(word));
}

/** A value as it stands in an editor. @param {Shape} shape @param {any} value @returns {string} */
export function textOf(shape, value) {
  if (value === null || value === undefined) return '';
  if (shape.kind === 'list') return value.join('\n');
  if (shape.kind === 'map' || shape.kind === 'other') return Object.keys(value).length ? lines(value) : '';
  return String(value);
}

/** One line for each name of a map: `name: what`, limits as `name: seconds=60 memory_mb=64`. */
function lines(value) {
  const of = (entry) => (typeof entry === 'object' ? Object.entries(entry).map(([name, one]) => `${name}=${one}`).join(' ') : entry);
  return Object.entries(value).map(([name, entry]) => `${name}: ${of(entry)}`).join('\n');
}

/**
 * What a text comes to; what is wrong with it is said, nothing is guessed.
 * @param {Shape} shape
 * @param {string} text
 * @returns {{value?: unknown, error?: string}}
 */
export function valueOf(shape, text) {
  if (shape.kind === 'number') return numberOf(shape, text);
  if (shape.kind === 'list') return { value: text.split('\n').map((line) => line.trim()).filter(Boolean) };
  if (shape.kind === 'map') return mapOf(shape, text);
  return { value: text };
}

function numberOf(shape, text) {
  const value = Number(text.trim().replace(',', '.'));
  if (text.trim() === '' || Number.isNaN(value)) return { error: said.notNumber };
  if (shape.isWhole && !Number.isInteger(value)) return { error: said.notWhole };
  if (shape.least !== undefined && value < shape.least) return { error: said.outOf(bounds(shape)) };
  if (shape.most !== undefined && value > shape.most) return { error: said.outOf(bounds(shape)) };
  return { value };
}

/** From where to where a number may go, in words. @param {Shape} shape */
export function bounds({ least, most }) {
  if (least === undefined && most === undefined) return '';
  return most === undefined ? said.atLeast(least) : said.between(least, most);
}

function mapOf(shape, text) {
  const value = {};
  for (const line of text.split('\n').map((one) => one.trim()).filter(Boolean)) {
    const at = line.indexOf(':');
    if (at < 1) return { error: said.notPair(line) };
    const entry = entryOf(shape, line.slice(at + 1).trim());
    if (entry.error) return entry;
    value[line.slice(0, at).trim()] = entry.value;
  }
  return { value };
}

function entryOf(shape, text) {
  const tiers = shape.schema?.enum;
  if (tiers) return tiers.includes(text) ? { value: text } : { error: said.notOneOf(text, tiers.join(', ')) };
  const value = {};
  for (const part of text.split(/[\s,]+/).filter(Boolean)) {
    const [name, amount] = part.split('=');
    const known = shape.schema?.properties?.[name];
    if (!known) return { error: said.notOneOf(name, Object.keys(shape.schema?.properties ?? {}).join(', ')) };
    const number = numberOf({ kind: 'number', isWhole: known.type === 'integer', least: known.minimum, most: known.maximum }, amount ?? '');
    if (number.error) return { error: `${name}: ${number.error}` };
    value[name] = number.value;
  }
  return { value };
}

/** A name as people say it. @param {string} key */
export function nameOf(key) {
  const name = key.slice(key.lastIndexOf('.') + 1).replaceAll('_', ' ');
  const spoken = name.replace(/\b(url|ssl|mb|id|api|ca|tls|cpu)\b/g, (short) => short.toUpperCase());
  return spoken[0].toUpperCase() + spoken.slice(1);
}

/** The part before the last dot. @param {string} key */
export function groupOf(key) {
  return key.includes('.') ? key.slice(0, key.lastIndexOf('.')) : '';
}

/** Whether nothing that is saved here could win. @param {any} setting */
export function isLocked(setting) {
  return ['environment', 'flag'].includes(setting.origin.origin);
}

/** The words a page may choose: those that are no looser than the one that holds. @param {Shape} shape @param {any} setting @returns {string[]} */
export function wordsOf(shape, setting) {
  const all = shape.words ?? [];
  if (setting.page.may !== 'tighten') return all;
  const rank = (/** @type {string} */ word) => setting.page.words.indexOf(word);
  return all.filter((word) => rank(word) >= rank(String(setting.value)));
}

/** Whether a page may give it no other value than it has. @param {any} setting */
export function isClosed(setting) {
  const { may, words: all } = setting.page;
  if (may === 'tighten') return all.at(-1) === String(setting.value);
  if (may === 'remove') return setting.value.length === 0;
  return may === 'nothing' || may === 'reset';
}

/** Whether a page may take it back to its default. @param {any} setting */
export function mayReset(setting) {
  const { may, words: all } = setting.page;
  if (may === 'tighten') return all.indexOf(String(setting.default)) >= all.indexOf(String(setting.value));
  if (may === 'remove' || may === 'set' || may === 'reset') return true;
  return may === 'lower' && setting.default !== null && setting.default <= setting.value;
}

/** Where a value comes from, in words. @param {any} origin */
export function originOf(origin) {
  if (origin.origin === 'environment') return said.origins.environment(origin.name);
  if (origin.origin === 'flag') return said.origins.flag(origin.name);
  if (origin.origin === 'default') return said.origins.default;
  return said.origins[origin.origin](origin.path, origin.line);
}
