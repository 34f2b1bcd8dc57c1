/** The model of a conversation without a page: facts, previews, pages, rows. Run with `node --test`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Items } from '../assets/lib/conversation/items.js';
import { Model, reordered } from '../assets/lib/conversation/model.js';
import { begun, entered, heard, later, rate } from '../assets/lib/conversation/phase.js';
import { Folding, rowsOf } from '../assets/lib/conversation/rows.js';
import { beyond, scalars, withoutFirst } from '../assets/lib/conversation/text.js';

let clock = 1000;
const USAGE = { prompt_tokens: 10, completion_tokens: 5, cached_tokens: 0, cost_micros: 0, is_estimated: false };

const item = (id, kind, rest = {}, body = {}) => ({
  id, turn: 't1', step: 1, status: 'completed', origin: { kind: 'model' }, created_at: Number(id.slice(1)),
  ...rest, body: { kind, ...body },
});
const said = (id, text, rest) => item(id, 'user_message', { origin: { kind: 'person' }, step: 0, ...rest }, { content: [{ type: 'text', text }] });
const words = (id, text, rest) => item(id, 'agent_message', rest, { text });
const call = (id, tool, rest, body) => item(id, 'tool_call', rest, { call: id, tool, arguments: {}, tier: 'read', ...body });
const opened = (entries = [], more = {}) => ({
  conversation: { id: 'c', seq: 0, title: '', trust: 'user', usage: USAGE },
  items: { entries }, turns: [], queue: [], approvals: [], questions: [], canvases: [], ...more,
});
let seq = 0;
const fact = (noun, event, at = 50) => ({ signal: 'event', envelope: { seq: ++seq, at, event: { noun, event } } });
const delta = (what) => ({ signal: 'delta', delta: what });
const itemFact = (verb, one) => fact('item', { verb, item: one });

function model(entries, more) {
  seq = 0;
  const made = new Model({ now: () => clock });
  made.load(opened(entries, more));
  return made;
}
const texts = (one) => one.items.entries.value.map(({ item: source }) => source.value.body.text ?? source.value.body.content?.[0]?.text ?? source.value.body.tool);

test('places are counted in Unicode scalar values', () => {
  assert.equal(scalars('a😀é'), 3);
  assert.equal(withoutFirst('a😀é', 2), 'é');
  assert.equal(beyond(2, { at: 2, text: 'x' }), 'x');
  assert.equal(beyond(2, { at: 0, text: 'a😀é' }), 'é');
  assert.equal(beyond(2, { at: 3, text: 'gap' }), '');
  assert.equal(beyond(9, { at: 0, text: 'known' }), '');
});

test('after a reload the newest step says how full the context is', () => {
  const turn = (id, context_tokens) => ({ id, conversation: 'c', started_at: 1, usage: { ...USAGE, prompt_tokens: 900 }, ...(context_tokens && { context_tokens }) });
  const read = (turns, entries = []) => model(entries, { turns }).contextTokens.value;
  assert.equal(read([]), 0);
  assert.equal(read([turn('t1', 15), turn('t2', 40)]), 40);
  assert.equal(read([turn('t1', 15), turn('t2')]), 15, 'the first step of a turn that runs has not ended');
  const older = new Model({ now: () => clock });
  older.load(opened([], { turns: [turn('t1', 15)], items: { entries: [words('i1', 'a')], after: 'i1' } }));
  assert.equal(older.contextTokens.value, 0, 'an older stretch says nothing of now');
});

/** One turn as it is told, with previews. */
const script = () => [
  fact('turn', { verb: 'started', turn: 't1', options: {} }),
  itemFact('completed', said('i1', 'Hi')),
  fact('turn', { verb: 'step_started', turn: 't1', step: 1 }),
  delta({ delta: 'phase', turn: 't1', phase: { phase: 'waiting' } }),
  itemFact('started', words('i2', '', { status: 'running' })),
  delta({ delta: 'text', item: 'i2', at: 0, text: 'Hé' }),
  delta({ delta: 'text', item: 'i2', at: 2, text: 'llo 😀' }),
  delta({ delta: 'text', item: 'i2', at: 0, text: 'Héllo 😀!' }),
  itemFact('completed', words('i2', 'Héllo 😀!')),
  delta({ delta: 'text', item: 'i2', at: 8, text: ' late' }),
  itemFact('started', call('i3', 'glob_files', { status: 'running' })),
  delta({ delta: 'output', item: 'i3', stream: 'stdout', text: 'a\n' }),
  itemFact('completed', call('i3', 'glob_files', {}, { result: { is_error: false, content: [] } })),
  fact('turn', { verb: 'step_ended', turn: 't1', step: 1, usage: USAGE }),
  itemFact('started', words('i4', '', { status: 'running', step: 2 })),
  itemFact('completed', words('i4', 'Done.', { step: 2 })),
  fact('turn', { verb: 'ended', turn: 't1', stop: { reason: 'end_turn' }, usage: USAGE }, 90),
];

test('a follower that drops every preview ends with the same picture', () => {
  const whole = model();
  whole.take(script());
  const facts = model();
  facts.take(script().filter((one) => one.signal === 'event'));
  for (const one of [whole, facts]) {
    assert.deepEqual(texts(one), ['Hi', 'Héllo 😀!', 'glob_files', 'Done.']);
    assert.equal(one.run.value, null);
    assert.equal(one.turns.value.get('t1').stop.reason, 'end_turn');
    assert.equal(one.contextTokens.value, 15);
  }
});

test('facts one by one, all at once and twice are the same', () => {
  const all = script();
  const single = model();
  for (const one of all) single.take([one]);
  single.take(all);
  assert.deepEqual(texts(single), ['Hi', 'Héllo 😀!', 'glob_files', 'Done.']);
});

test('text grows by what is beyond it, and nobody else hears of it', () => {
  const one = model([said('i1', 'Hi')]);
  one.take([itemFact('started', words('i2', '', { status: 'running' }))]);
  let heardOfOther = 0;
  const stop = one.items.get('i1').item.subscribe(() => heardOfOther++);
  one.take([delta({ delta: 'text', item: 'i2', at: 0, text: 'ab' })]);
  const shape = one.items.shape.value;
  one.take([delta({ delta: 'text', item: 'i2', at: 5, text: 'gap' }), delta({ delta: 'text', item: 'i2', at: 0, text: 'abcd' })]);
  assert.equal(one.items.get('i2').item.value.body.text, 'abcd');
  assert.equal(heardOfOther, 1);
  assert.equal(one.items.shape.value, shape);
  stop();
});

test('a retry begins the text anew, and a view that is ahead is made whole', () => {
  const one = model([words('i2', 'so far', { status: 'running' })]);
  one.take([itemFact('started', words('i2', '', { status: 'running' })), delta({ delta: 'text', item: 'i2', at: 0, text: 'so far so good' })]);
  assert.equal(one.items.get('i2').item.value.body.text, 'so far so good');
  one.take([itemFact('completed', words('i2', 'so far so good.')), itemFact('started', words('i2', '', { status: 'running' }))]);
  assert.equal(one.items.get('i2').item.value.status, 'completed');
});

test('phases follow from facts alone', () => {
  const one = model();
  const all = script().filter((signal) => signal.signal === 'event');
  const seen = all.map((signal) => {
    one.take([signal]);
    const phase = one.run.value?.phase;
    return phase?.tool ? `${phase.phase} ${phase.tool}` : phase?.phase;
  });
  assert.deepEqual([...new Set(seen)], ['connecting', 'running glob_files', undefined]);
});

test('silence, countdown and rate read as they are later', () => {
  let run = entered(begun('t', 0, 0), { phase: 'streaming' }, 0);
  run = heard(run, 400, 1000);
  run = heard(run, 400, 2000);
  assert.equal(rate(run, 3000), 100);
  assert.deepEqual(later(run, 6999), { phase: 'streaming' });
  assert.deepEqual(later(run, 8000), { phase: 'stalled', silent_ms: 6000 });
  run = entered(run, { phase: 'retrying', attempt: 2, max: 3, delay_ms: 4000, reason: 'x' }, 9000);
  assert.equal(later(run, 10_500).delay_ms, 2500);
  assert.equal(later(run, 20_000).delay_ms, 0);
});

test('the queue is told, reworded, reordered, taken back and emptied by starting', () => {
  const one = model();
  const queued = (turn, text) => fact('turn', { verb: 'queued', queued: { turn, input: [{ type: 'text', text }] } });
  one.take([queued('a', '1'), queued('b', '2'), queued('c', '3')]);
  one.take([fact('turn', { verb: 'reordered', turn: 'c', ahead_of: 'a' })]);
  one.take([fact('turn', { verb: 'reworded', queued: { turn: 'b', input: [{ type: 'text', text: '2!' }] } })]);
  assert.deepEqual(one.queue.value.map(({ turn, input }) => turn + input[0].text), ['c3', 'a1', 'b2!']);
  one.take([fact('turn', { verb: 'unqueued', turn: 'a' }), fact('turn', { verb: 'started', turn: 'c', options: {} })]);
  assert.deepEqual(one.queue.value.map(({ turn }) => turn), ['b']);
  one.take([fact('turn', { verb: 'ended', turn: 'c', stop: { reason: 'interrupted' }, usage: USAGE })]);
  assert.equal(one.queue.value[0].is_held, true);
  assert.deepEqual(reordered([{ turn: 'x' }, { turn: 'y' }], 'x', null), [{ turn: 'y' }, { turn: 'x' }]);
});

test('approvals open, wait longer and are resolved wherever they are answered', () => {
  const one = model();
  const approval = { id: 'p', turn: 't1', item: 'i3', tool: 'bash', expires_at: 5, scopes: [] };
  one.take([fact('turn', { verb: 'started', turn: 't1' }), fact('approval', { verb: 'requested', approval })]);
  assert.equal(one.run.value.phase.phase, 'waiting_for_approval');
  one.take([fact('approval', { verb: 'extended', approval: 'p', expires_at: 9 })]);
  assert.equal(one.approvals.value[0].expires_at, 9);
  one.take([fact('approval', { verb: 'resolved', approval: 'p', resolution: { resolution: 'allowed', scope: 'once' }, by: 'terminal' })]);
  assert.deepEqual(one.approvals.value, []);
  assert.equal(one.resolved.value.get('p').by, 'terminal');
  assert.equal(one.run.value.phase.phase, 'running');
});

test('rewinding drops a message and what follows, not what came after it', () => {
  const one = model([said('i1', 'a'), words('i2', 'b'), said('i3', 'c'), words('i4', 'd')]);
  one.take([fact('conversation', { verb: 'rewound', before: 'i3' }, 60), itemFact('completed', said('i70', 'again', { created_at: 70 }))]);
  one.take([{ ...fact('conversation', { verb: 'rewound', before: 'i3' }, 60) }]);
  assert.deepEqual(texts(one), ['a', 'b', 'again']);
});

test('pages are put in front and behind, and what came meanwhile is not lost', () => {
  const items = new Items();
  items.replace({ entries: [words('i3', '3'), words('i4', '4')], before: 'x', after: 'y' });
  const kept = items.get('i3');
  items.prepend({ entries: [words('i1', '1'), words('i2', '2'), words('i3', '3')], after: 'z' });
  items.put(words('i6', '6'));
  assert.equal(items.news.value.count, 1);
  assert.deepEqual(items.entries.value.map(({ id }) => id), ['i1', 'i2', 'i3', 'i4']);
  items.append({ entries: [words('i5', '5')] });
  assert.deepEqual(items.entries.value.map(({ id }) => id), ['i1', 'i2', 'i3', 'i4', 'i5', 'i6']);
  assert.equal(items.get('i3'), kept);
  assert.equal(items.before.value, null);
});

const rowsFor = (entries, more = {}) => {
  const items = new Items();
  items.replace({ entries });
  return rowsOf(items.entries.value, {
    turns: new Map(), running: null, folding: new Folding(), isFollowing: true, open: new Set(), approvals: [], questions: [], marks: [], isAtEnd: true, ...more,
  });
};
const ended = new Map([['t1', { id: 't1', started_at: 0, ended_at: 48_000, stop: { reason: 'end_turn' }, usage: USAGE }]]);
const worked = () => [
  said('i1', 'Go'), words('i2', 'I look first.'), call('i3', 'read_file'), call('i4', 'read_file'),
  call('i5', 'edit_file', {}, { tier: 'write', result: { content: [{ type: 'diff', path: 'a', added: 4, removed: 1 }] } }),
  call('i6', 'bash', { status: 'failed' }, { tier: 'execute' }), words('i7', 'Done.'),
];

test('a finished turn folds its work to one line and keeps what was said', () => {
  const rows = rowsFor(worked(), { turns: ended });
  assert.deepEqual(rows.map(({ key }) => key), ['i1', 'fold:i2', 'i7', 'end:t1']);
  const { work } = rows[1];
  assert.deepEqual([work.tools, work.failed, work.files, work.added, work.removed, work.ms], [4, 1, 1, 4, 1, 48_000]);
});

test('an open fold shows every line, merges reading, and marks narration', () => {
  const rows = rowsFor(worked(), { turns: ended, open: new Set(['fold:i2']) });
  assert.deepEqual(rows.map(({ key }) => key), ['i1', 'fold:i2', 'i2', 'calls:i3', 'i5', 'i6', 'i7', 'end:t1']);
  assert.equal(rows[2].isNarration, true);
  assert.equal(rows[3].entries.length, 2);
  assert.equal(rows[6].isNarration, false);
});

test('a running turn shows the line it is at, and whatever a person is asked', () => {
  const entries = [...worked().slice(0, 5), call('i6', 'bash', { status: 'running' })];
  const approval = { id: 'p', item: 'i5' };
  const rows = rowsFor(entries, { running: 't1', approvals: [approval, { id: 'q', item: 'elsewhere' }] });
  assert.deepEqual(rows.map(({ key }) => key), ['i1', 'fold:i2', 'i5', 'approval:p', 'i6', 'approval:q']);
});

test('nothing folds under a reader who is elsewhere', () => {
  const folding = new Folding();
  const running = { running: 't1', folding };
  const part = worked().slice(0, 3);
  assert.deepEqual(rowsFor(part, running).map(({ key }) => key), ['i1', 'fold:i2', 'calls:i3']);
  const away = rowsFor(worked(), { turns: ended, folding, isFollowing: false });
  assert.deepEqual(away.map(({ key }) => key), ['i1', 'fold:i2', 'calls:i3', 'i5', 'i6', 'i7', 'end:t1']);
  assert.deepEqual(rowsFor(worked(), { turns: ended, folding }).map(({ key }) => key), ['i1', 'fold:i2', 'i7', 'end:t1']);
});

const { Conversation } = await import('../assets/lib/conversation/conversation.js');

/** A conversation whose host is this test: what it is asked, what it answers, and when a picture is drawn. */
function hosted(answers) {
  const asked = [];
  const followed = [];
  const due = [];
  const wishes = [];
  const conversation = new Conversation('c', {
    now: () => clock,
    get: async (path, query = {}) => {
      asked.push([path.replace('/api/conversations/c/', ''), ...Object.entries(query).filter(([, value]) => value !== undefined && value !== null).map(([name, value]) => `${name}=${value}`)].join(' '));
      const answer = answers.shift();
      return typeof answer === 'function' ? answer() : answer;
    },
    op: async (noun, wish) => wishes.push(`${noun} ${wish.verb}`) && `op-${wishes.length}`,
    follow: (topic, how) => {
      const one = { ...how, isOver: false };
      followed.push(one);
      return () => (one.isOver = true);
    },
    schedule: (task) => due.push(task),
  });
  const frame = () => due.splice(0).forEach((task) => task());
  return { conversation, asked, followed, frame, due, wishes };
}
const page = (from, to, cursors = {}) => ({ entries: Array.from({ length: to - from }, (_, at) => words(`i${from + at}`, `${from + at}`)), ...cursors });

test('it opens with one request, follows from there, and takes in once per frame', async () => {
  seq = 40;
  const { conversation, asked, followed, frame, due } = hosted([opened([said('i1', 'Hi')], { conversation: { id: 'c', seq: 40, usage: USAGE } })]);
  await conversation.open();
  assert.deepEqual(asked, ['open limit=120']);
  assert.equal(followed[0].after, 40);
  followed[0].signals([itemFact('started', words('i2', '', { status: 'running' }))]);
  for (let at = 0; at < 500; at++) followed[0].signals([delta({ delta: 'text', item: 'i2', at, text: 'x' })]);
  assert.equal(due.length, 1);
  frame();
  assert.equal(conversation.items.value[1].item.value.body.text.length, 500);
  conversation.close();
  assert.equal(followed[0].isOver, true);
});

test('what is new is told from its beginning', async () => {
  seq = 0;
  const { conversation, followed, frame } = hosted([opened([said('i1', 'Hi')], { conversation: { id: 'c', seq: 7, running: 't1', usage: USAGE } })]);
  const told = [];
  conversation.model.onNews = (kind) => told.push(kind);
  await conversation.open({ isNew: true });
  assert.equal(followed[0].after, 0);
  followed[0].signals(script());
  await conversation.heard;
  frame();
  assert.deepEqual([told[0], told.at(-1)], ['started', 'ended']);
  assert.equal(conversation.items.value.length, 4);
});

test('facts that were not kept are read anew, and a reader keeps older pages', async () => {
  seq = 0;
  const { conversation, asked, followed, frame } = hosted([
    opened([], { items: page(200, 320, { before: '200' }) }),
    page(80, 200, { before: '80', after: '200' }),
    opened([], { conversation: { id: 'c', seq: 90, usage: USAGE }, items: page(210, 330, { before: '210' }) }),
  ]);
  await conversation.open();
  assert.equal(await conversation.loadOlder(), true);
  followed[0].signals([{ signal: 'lagged', resume: 5 }]);
  frame();
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(asked, ['open limit=120', 'items before=200 limit=120', 'open limit=120']);
  assert.equal(followed[1].after, 90);
  assert.equal(followed[0].isOver, true);
  assert.deepEqual([conversation.items.value[0].id, conversation.items.value.at(-1).id, conversation.items.value.length], ['i80', 'i329', 250]);
});

test('a jump loads around an item, and facts behind it are there again at the end', async () => {
  seq = 0;
  const { conversation, followed, frame } = hosted([
    opened([], { items: page(200, 320, { before: '200' }) }),
    page(20, 140, { before: '20', after: '140' }),
    () => {
      followed[0].signals([itemFact('completed', words('i321', '321'))]);
      frame();
      return page(201, 321, { before: '201' });
    },
  ]);
  await conversation.open();
  assert.equal(await conversation.jump('i250'), true);
  assert.equal(await conversation.jump('i80'), true);
  followed[0].signals([itemFact('completed', words('i320', '320'))]);
  frame();
  assert.equal(conversation.items.value.at(-1).id, 'i139');
  await conversation.jumpLatest();
  assert.equal(conversation.items.value.at(-1).id, 'i321');
  assert.equal(conversation.hasNewer.value, null);
});

test('sending now goes to the front of the line and ends what runs', async () => {
  seq = 0;
  const { conversation, wishes, followed, frame } = hosted([opened([], { conversation: { id: 'c', seq: 0, running: 't1', usage: USAGE } })]);
  await conversation.open();
  followed[0].signals([fact('turn', { verb: 'queued', queued: { turn: 'a', input: [] } })]);
  frame();
  await conversation.sendNow([{ type: 'text', text: 'now' }]);
  assert.deepEqual(wishes, ['turn start', 'turn reorder', 'turn cancel']);
});

test('a retry goes on where an answer was cut off, and else says the last message again', async () => {
  for (const [reason, wanted] of [['cancelled', ['turn start']], ['end_turn', ['conversation rewind', 'turn start']]]) {
    const turns = [{ id: 't1', started_at: 0, ended_at: 1, stop: { reason }, usage: USAGE }];
    const { conversation, wishes } = hosted([opened([said('i1', 'Hi'), words('i2', 'part')], { turns })]);
    await conversation.open();
    await conversation.retry();
    assert.deepEqual(wishes, wanted);
  }
});
