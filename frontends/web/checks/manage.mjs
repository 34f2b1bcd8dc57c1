/** What the managing pages reckon, without a page: addresses, settings, usage, and saving a connection. Run with `node --test`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounds, isClosed, mayReset, nameOf, schemaOf, shapeOf, textOf, valueOf, wordsOf } from '../assets/views/manage/settings-model.js';
import { nearest, urlFixes } from '../assets/views/manage/url-fixes.js';
import { csv, DAY, days, sums, total } from '../assets/views/manage/usage-model.js';

test('what is surely wrong with an address is put right at once', () => {
  const fixed = (url) => urlFixes(url).map((fix) => fix.baseUrl);
  const cases = [
    ['', []],
    ['http://127.0.0.1:11434', ['http://127.0.0.1:11434/v1', 'https://127.0.0.1:11434/v1']],
    ['http://127.0.0.1:11434/v1', ['https://127.0.0.1:11434/v1']],
    ['http://127.0.0.1:11434/v1/chat/completions', ['http://127.0.0.1:11434/v1', 'https://127.0.0.1:11434/v1']],
    ['127.0.0.0:9999/v1/models', ['http://127.0.0.1:9999/v1']],
    ['llm.example', ['https://llm.example/v1']],
    ['localhost:1234', ['http://localhost:1234/v1']],
    ['ftp://llm.example/v1', []],
    ['javascript:alert(1)', []],
    ['not a url', []],
  ];
  for (const [url, expected] of cases) assert.deepEqual(fixed(url), expected, url);
  assert.deepEqual(urlFixes('http://llm.example/v1').map((fix) => fix.isScheme), [true]);
});

test('the nearest names come first', () => {
  const names = ['gemma2', 'qwen3:8b', 'llama3', 'qwen3:32b'];
  assert.deepEqual(nearest('qwen3:30b', names, 2), ['qwen3:32b', 'qwen3:8b']);
});

test('a setting is edited by its type, and nothing is guessed', () => {
  const schema = {
    properties: { ai: { properties: { temperature: { type: ['number', 'null'], minimum: 0, maximum: 2 } } } },
  };
  const temperature = shapeOf({ value: 1 }, schemaOf(schema, 'ai.temperature'));
  assert.equal(temperature.kind, 'number');
  assert.equal(bounds(temperature), 'from 0 to 2');
  assert.deepEqual(valueOf(temperature, ' 0,5 '), { value: 0.5 });
  for (const wrong of ['', 'warm', '3', '-1']) assert.ok(valueOf(temperature, wrong).error, wrong);
  const whole = shapeOf({}, { type: ['integer', 'null'], minimum: 1, maximum: 4_294_967_295 });
  assert.equal(bounds(whole), '1 or more');
  assert.ok(valueOf(whole, '1.5').error);
  const list = shapeOf({}, { type: ['array', 'null'], items: { type: 'string' } });
  assert.deepEqual(valueOf(list, 'a\n\n  b  \n'), { value: ['a', 'b'] });
  assert.equal(shapeOf({ is_secret: true }, { type: ['string', 'null'] }).kind, 'secret');
  assert.equal(shapeOf({}, { type: ['string', 'number', 'null'] }).kind, 'text');
  assert.equal(shapeOf({}, {}).kind, 'text', 'what no schema knows is text');
  const modes = shapeOf({ value: 'ask' }, { enum: ['auto', 'ask_for_dangerous', 'ask_for_writes', 'ask', 'dangerous', 'writes'] });
  assert.deepEqual(modes.words, ['auto', 'ask_for_dangerous', 'ask_for_writes', 'ask']);
});

test('a page offers what is no looser, and closes what it may not change', () => {
  const words = ['off', 'auto', 'require'];
  const sandbox = (value) => ({ value, default: 'auto', page: { may: 'tighten', words } });
  const offered = (value) => wordsOf({ kind: 'choice', words }, sandbox(value));
  assert.deepEqual(offered('off'), words);
  assert.deepEqual(offered('auto'), ['auto', 'require']);
  assert.deepEqual([isClosed(sandbox('auto')), isClosed(sandbox('require'))], [false, true]);
  assert.deepEqual([mayReset(sandbox('off')), mayReset(sandbox('require'))], [true, false]);
  const of = (may, value, standard = null) => ({ value, default: standard, page: { may } });
  for (const may of ['nothing', 'reset']) assert.ok(isClosed(of(may, 'x')), may);
  for (const may of ['set', 'lower', 'raise', 'add', 'raise_tiers']) assert.ok(!isClosed(of(may, 1)), may);
  assert.deepEqual([isClosed(of('remove', [])), isClosed(of('remove', ['a']))], [true, false]);
  assert.deepEqual([mayReset(of('lower', 8, 4)), mayReset(of('lower', 2, 4)), mayReset(of('lower', 2))], [true, false, false]);
  assert.deepEqual([mayReset(of('set', 1)), mayReset(of('add', ['a'], [])), mayReset(of('nothing', 1))], [true, false, false]);
});

test('maps are written a line for each name', () => {
  const tiers = shapeOf({}, { type: ['object', 'null'], additionalProperties: { enum: ['read', 'write'] } });
  assert.deepEqual(valueOf(tiers, 'fetch: write\n'), { value: { fetch: 'write' } });
  assert.ok(valueOf(tiers, 'fetch: high').error);
  assert.ok(valueOf(tiers, 'fetch').error);
  const limit = { type: 'object', properties: { seconds: { type: 'number', minimum: 1, maximum: 600 }, memory_mb: { type: 'integer', minimum: 8, maximum: 256 } } };
  const limits = shapeOf({}, { type: ['object', 'null'], additionalProperties: limit });
  const value = { bash: { seconds: 60, memory_mb: 64 }, grep: { seconds: 5 } };
  assert.deepEqual(valueOf(limits, textOf(limits, value)), { value });
  assert.ok(valueOf(limits, 'bash: seconds=0').error);
  assert.ok(valueOf(limits, 'bash: hours=1').error);
});

test('a setting is called as people say it', () => {
  assert.equal(nameOf('ai.base_url'), 'Base URL');
  assert.equal(nameOf('shared_databases'), 'Shared databases');
});

const row = (day, model, project, tokens, more = {}) => ({
  day, model, project_name: project, requests: 1,
  usage: { prompt_tokens: tokens, cached_tokens: 1, completion_tokens: 2, cost_micros: 500_000, is_estimated: false, ...more },
});

test('usage is summed, and days without any are there', () => {
  const rows = [row(3 * DAY, 'a', 'x', 10), row(3 * DAY, 'b', '', 30), row(DAY, 'a', '', 5, { is_estimated: true })];
  assert.deepEqual(total(rows), { prompt: 45, cached: 3, completion: 6, cost: 1.5, requests: 3, isEstimated: true });
  assert.deepEqual(sums(rows, (one) => one.model).map(({ name, sum }) => [name, sum.prompt]), [['b', 30], ['a', 15]]);
  assert.deepEqual(days(rows, 0, 4 * DAY + 5).map(({ sum }) => sum.prompt), [5, 0, 40, 0]);
  assert.equal(days(rows, 2 * DAY, 4 * DAY)[0].day, 2 * DAY);
});

test('a file for a spreadsheet holds no formula and no stray comma', () => {
  const text = csv([row(DAY, '=cmd()', 'a, "b"', 10)]);
  assert.equal(text.split('\r\n')[1], `1970-01-02,'=cmd(),"a, ""b""",1,10,1,2,0.500000,false`);
});

/** A host that keeps settings, and what was asked of it. */
function host(settings) {
  const asked = [];
  const answers = {
    '/api/config': () => ({ settings: Object.entries(settings).map(([key, value]) => ({ key, value, default: '', origin: { origin: value ? 'user' : 'default' }, is_secret: key === 'ai.api_key' })) }),
    '/api/endpoints': () => [{ name: 'Ollama', base_url: 'http://127.0.0.1:11434/v1', models: ['m'] }],
    '/api/start': () => ({ workspace: '/w', settings: {} }),
    '/api/endpoints/test': (spec) => ({ models: ['m'], model: spec?.model ?? 'm', steps: ['connect', 'models', 'stream', 'tools'].map((name) => ({ name, took_ms: 1 })) }),
    '/api/ops': ({ op }) => {
      asked.push(op);
      return { op: 'id' };
    },
  };
  globalThis.fetch = async (path, { body } = {}) => new Response(JSON.stringify(answers[String(path).split('?')[0]](body ? JSON.parse(body) : null)));
  return asked;
}

test('the key of one address is taken away before another is saved', async () => {
  globalThis.addEventListener ??= () => {};
  globalThis.sessionStorage ??= { getItem: () => '' };
  globalThis.document ??= { getElementById: () => null, createElement: () => ({ append() {} }) };
  const { connection } = await import('../assets/views/manage/connection-model.js');
  const asked = host({ 'ai.base_url': 'https://llm.example/v1', 'ai.api_key': '***', 'ai.api_key_command': '', 'ai.model': 'old', 'safety.approval_mode': 'ask_for_writes' });
  const state = connection();
  await state.load();
  assert.equal(state.keyKind.value, 'saved');
  await state.choose('http://127.0.0.1:11434/v1');
  assert.equal(asked.length, 0, 'a server that was found is tested without saving, and without the key');
  assert.equal(state.isReady.value, true);
  await state.save();
  assert.deepEqual(asked.map(({ verb, key, value }) => [verb, key, value]), [
    ['reset', 'ai.api_key', undefined],
    ['change', 'ai.base_url', 'http://127.0.0.1:11434/v1'],
    ['change', 'ai.model', 'm'],
  ]);
});
