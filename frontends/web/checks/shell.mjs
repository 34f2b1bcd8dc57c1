/** The shell without a page: one stream for many tabs, filters and results of the palette, texts that keep themselves. Run with `node --test`. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

const kept = new Map();
globalThis.addEventListener ??= () => {};
globalThis.localStorage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value), removeItem: (name) => kept.delete(name) };
globalThis.sessionStorage = { getItem: () => '', setItem() {}, removeItem() {} };

const { prover, tabOf } = await import('./prover.mjs');
const { Hub, parser } = await import('../assets/lib/hub.js');
const { duration, size, tokens } = await import('../assets/lib/format.js');
const { known } = await import('../assets/lib/list.js');
const { localResults, merged, passes, suggestions, takeFilters } = await import('../assets/views/palette-model.js');
const { TextModel } = await import('../assets/lib/text.js');

const immediately = setImmediate;
const now = performance.now.bind(performance);

/** Lets what is promised happen, timers aside. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  await new Promise((resolve) => immediately(resolve));
};

/** Waits for what takes a thread of its own. @param {() => unknown} is */
async function until(is) {
  for (const end = now() + 10_000; !is() && now() < end; ) await settle();
  assert.ok(is(), String(is));
}

test('frames are read however the bytes are cut', () => {
  const text = ': hello\n\nevent: ready\ndata: {}\n\nevent: signals\r\ndata: a\ndata: b\r\n\r\n';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const frames = [];
    const take = parser((event, data) => frames.push([event, data]));
    take(text.slice(0, cut));
    take(text.slice(cut));
    assert.deepEqual(frames, [['ready', '{}'], ['signals', 'a\nb']]);
  }
});

const [one, two] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64url'));

/** A server whose streams are held open. @param {(tab: string) => number} [status] */
function server(status = () => 200) {
  const streams = [];
  const prove = prover([one, two]);
  globalThis.fetch = async (url, { headers, signal, body: sent }) => {
    if (url === '/api/session/proof') return prove(sent);
    const tab = tabOf(headers['X-Anteroom-Tab'], [one, two]);
    const code = status(tab);
    let control;
    const body = new ReadableStream({ start: (given) => (control = given) });
    signal.addEventListener('abort', () => control.error(new Error('aborted')));
    const say = (event, data) => control.enqueue(new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
    const asked = { follow: new URL(url, 'http://a').searchParams.getAll('follow'), tab, say, end: () => control.close(), signal };
    streams.push(asked);
    return { ok: code === 200, status: code, body };
  };
  return streams;
}

const fact = (seq) => ({ signal: 'event', envelope: { seq, event: {} } });

test('one stream serves all tabs, each from where it was, and is resumed after a loss', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const streams = server();
  const hub = new Hub();
  const told = { a: [], b: [] };
  const seqs = (name) => told[name].filter(({ type }) => type === 'signals').flatMap(({ signals }) => signals.map(({ envelope }) => envelope.seq));
  hub.join('a', one, (message) => told.a.push(message));
  hub.follow('a', 'host', 4);
  hub.join('b', two, (message) => told.b.push(message));
  hub.follow('b', 'host', 6);
  hub.follow('b', 'conversation:x', null);
  context.mock.timers.tick(1);
  await until(() => streams.length > 0);
  assert.equal(streams.length, 1);
  assert.deepEqual(streams[0].follow, ['host@4', 'conversation:x']);
  streams[0].say('ready', {});
  streams[0].say('signals', { topic: 'host', signals: [fact(5), fact(6), fact(7)] });
  await settle();
  assert.deepEqual(seqs('a'), [5, 6, 7]);
  assert.deepEqual(seqs('b'), [7]);
  streams[0].end();
  await until(() => told.a.at(-1).state === 'lost');
  assert.deepEqual(told.a.at(-1), { type: 'state', state: 'lost' });
  context.mock.timers.tick(700);
  await until(() => streams.length > 1);
  assert.deepEqual(streams[1].follow, ['host@7', 'conversation:x']);
  streams[1].say('ready', {});
  await settle();
  assert.deepEqual(told.b.at(-1), { type: 'state', state: 'connected' });
  hub.leave('b');
  context.mock.timers.tick(1_100);
  await until(() => streams.length > 2);
  assert.deepEqual(streams[2].follow, ['host@7']);
  assert.ok(streams[1].signal.aborted);
});

test('previews that come close together are told together, facts at once and behind them', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const streams = server();
  const hub = new Hub();
  const told = [];
  hub.join('a', one, (message) => message.type === 'signals' && told.push(message.signals.map(({ delta, envelope }) => delta ?? envelope.seq)));
  hub.follow('a', 'conversation:x', 0);
  context.mock.timers.tick(1);
  await until(() => streams.length > 0);
  const say = async (...signals) => {
    streams[0].say('signals', { topic: 'conversation:x', signals });
    await settle();
  };
  const preview = (delta) => ({ signal: 'delta', delta });
  await say(preview('a'));
  await say(preview('b'));
  await say(preview('c'), preview('d'));
  assert.deepEqual(told, [['a']]);
  context.mock.timers.tick(30);
  assert.deepEqual(told, [['a'], ['b', 'c', 'd']]);
  await say(preview('e'));
  await say(fact(1));
  assert.deepEqual(told.slice(2), [['e', 1]]);
  context.mock.timers.tick(1_000);
  await say(preview('f'));
  assert.deepEqual(told.slice(3), [['f']]);
});

test('a secret that is not taken any more costs its tab the session, not the others', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const streams = server((tab) => (tab === one ? 401 : 200));
  const hub = new Hub();
  const told = { a: [], b: [] };
  for (const [name, secret] of [['a', one], ['b', two]]) {
    hub.join(name, secret, (message) => told[name].push(message));
    hub.follow(name, 'host', 1);
  }
  context.mock.timers.tick(1);
  await until(() => streams.at(-1)?.tab === two);
  streams.at(-1).say('ready', {});
  await settle();
  assert.equal(told.a.at(-1).state, 'signed-out');
  assert.equal(told.b.at(-1).state, 'connected');
});

test('who comes with a new secret is not signed out because all before were', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  server(() => 401);
  const hub = new Hub();
  const told = { a: [], b: [] };
  hub.join('a', one, (message) => told.a.push(message));
  hub.follow('a', 'host', 1);
  context.mock.timers.tick(1);
  await until(() => told.a.at(-1).state === 'signed-out');
  hub.join('b', two, (message) => told.b.push(message));
  assert.deepEqual(told.b, [{ type: 'state', state: 'connecting' }]);
});

test('filters are taken out of what is typed once they are whole', () => {
  assert.deepEqual(takeFilters('jitter type:chat '), { filters: [{ key: 'type', value: 'chat' }], rest: 'jitter ' });
  assert.deepEqual(takeFilters('in:"two words" x'), { filters: [{ key: 'in', value: 'two words' }], rest: 'x' });
  for (const text of ['type:chat', 'type:nothing ', 'before:soon ', 'a:b ', 'http://x ']) assert.deepEqual(takeFilters(text), { filters: [], rest: text });
  const day = { key: 'after', value: '2026-01-02' };
  assert.ok(passes({ kind: 'chat', updated_at: new Date('2026-01-02T12:00').getTime() }, [day]));
  assert.ok(!passes({ kind: 'chat', updated_at: new Date('2026-01-01T12:00').getTime() }, [day]));
  assert.deepEqual(suggestions('type:n', []).map(({ label }) => label), ['type:note']);
});

test('no row moves when the answer of the server comes', () => {
  const view = (id, title, at) => [id, { id, title, kind: 'chat', updated_at: at, workspace: '/w' }];
  known.value = new Map([view('1', 'Retry policy', 1), view('2', 'The retry', 2), view('3', 'Tea', 3)]);
  const local = localResults('rétry', []);
  assert.deepEqual(local.map(({ id }) => id), ['1', '2']);
  const served = [
    { id: '9', group: 'found', label: '', view: { id: '3' }, item: '9', snippet: 'retry' },
    { id: '2.text', group: 'found', label: '', view: { id: '2' }, snippet: 'the retry' },
  ];
  const rows = merged(local, served);
  assert.deepEqual(rows.map(({ id }) => id), ['1', '2', '9']);
  assert.equal(rows[1].snippet, 'the retry');
  assert.equal(local[1].snippet, undefined);
});

/** A host with one text. */
function host(body) {
  const stored = { versions: [body], wishes: [] };
  globalThis.fetch = async (path, { method = 'GET', body: sent } = {}) => {
    const answer = (status, said) => ({ ok: status < 300, status, text: async () => JSON.stringify(said), json: async () => said });
    if (method === 'POST') {
      const { op } = JSON.parse(sent);
      stored.wishes.push(op);
      if (op.base_version !== stored.versions.length) return answer(409, { code: 'conflict', message: 'somebody was first' });
      if (op.body !== stored.versions.at(-1)) stored.versions.push(op.body);
      return answer(202, { op: 'x' });
    }
    return answer(200, { conversation: 'n', version: stored.versions.length, body: stored.versions.at(-1), updated_at: 1 });
  };
  return stored;
}

async function opened(id) {
  const model = new TextModel(id);
  await model.open(0);
  return model;
}

test('words are gathered: one version at rest, and one each 30 seconds without rest', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const stored = host('');
  const model = await opened('gathered');
  for (let typed = 1; typed <= 5; typed += 1) {
    model.type('word '.repeat(typed));
    context.mock.timers.tick(500);
  }
  await settle();
  assert.equal(stored.wishes.length, 0);
  context.mock.timers.tick(800);
  await settle();
  assert.equal(stored.wishes.length, 1);
  assert.equal(model.status.value, 'saved');
  for (let typed = 1; typed <= 62; typed += 1) {
    model.type('more '.repeat(typed));
    context.mock.timers.tick(500);
    await settle();
  }
  assert.equal(stored.wishes.length, 2);
});

test('nobody is overwritten: both texts are there until a person decides', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const stored = host('one');
  const model = await opened('conflict');
  model.type('mine');
  stored.versions.push('theirs');
  await model.flush();
  assert.equal(model.status.value, 'conflict');
  assert.equal(model.theirs.value.body, 'theirs');
  assert.equal(model.text.value, 'mine');
  assert.deepEqual(stored.versions, ['one', 'theirs']);
  model.keep('mine');
  await settle();
  assert.deepEqual(stored.versions, ['one', 'theirs', 'mine']);
  assert.equal(model.status.value, 'saved');
});

test('what never reached the host is there after a reload', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  host('one');
  const first = await opened('kept');
  first.type('one and more');
  const second = await opened('kept');
  assert.equal(second.text.value, 'one and more');
  assert.equal(second.status.value, 'dirty');
  await second.flush();
  assert.equal(kept.size, [...kept.keys()].filter((name) => name !== 'aroom.text.kept').length);
});

test('what cannot be read is neither empty nor saved', async () => {
  const { fetch } = globalThis;
  host('one');
  const answering = globalThis.fetch;
  globalThis.fetch = async () => Promise.reject(new TypeError('gone'));
  const model = await opened('away');
  assert.equal(model.status.value, 'failed');
  await model.flush();
  assert.equal(model.status.value, 'failed');
  assert.equal(model.isRead.value, false);
  globalThis.fetch = answering;
  await model.flush();
  await settle();
  assert.equal(model.text.value, 'one');
  assert.equal(model.status.value, 'saved');
  globalThis.fetch = fetch;
});

test('numbers are rounded before their unit is chosen', () => {
  assert.deepEqual([999, 9_960, 59_700, 119_600, 3_599_700].map(duration), ['999 ms', '10 s', '1 min 0 s', '2 min 0 s', '1 h 0 min']);
  assert.deepEqual([999, 999_600, 9_960_000].map(size), ['999 B', '1.0 MB', '10 MB']);
  assert.deepEqual([999, 1_500, 99_960, 999_600].map(tokens), ['999', '1.5k', '100k', '1.0M']);
});

mock.reset();
