/**
 * The model of one conversation: what was read, and every fact and preview that followed. Knows no network and no page.
 *
 * Facts alone lead to the right picture; previews only make it move. Facts may come twice and late: each says what is,
 * not what changed, wherever that is possible.
 */
import { batch, signal } from '../dom.js';
import { Items, isOver } from './items.js';
import { begun, entered, heard, phaseOf } from './phase.js';

/** Decisions that are remembered for their cards. */
const MAX_RESOLVED = 200;

export class Model {
  /** @param {{now?: () => number}} [ambient] */
  constructor({ now = Date.now } = {}) {
    this.now = now;
    this.items = new Items();
    this.view = signal(/** @type {any} */ (null));
    /** @type {import('../../vendor/signals.js').Signal<Map<string, any>>} turns by id */
    this.turns = signal(new Map());
    /** What the running turn does; none if none runs. */
    this.run = signal(/** @type {import('./phase.js').Run|null} */ (null));
    /** How the last turn that was seen to end ended: `{turn, stop, usage}`. */
    this.ended = signal(/** @type {any} */ (null));
    this.queue = signal(/** @type {any[]} */ ([]));
    this.approvals = signal(/** @type {any[]} */ ([]));
    /** What became of questions of the gate, by id: `{resolution, by}`. */
    this.resolved = signal(new Map());
    this.questions = signal(/** @type {any[]} */ ([]));
    this.answered = signal(new Map());
    this.canvases = signal(/** @type {any[]} */ ([]));
    /** Calls the model is writing: `{index, tool, text}`. */
    this.drafts = signal(/** @type {any[]} */ ([]));
    /** Tokens of the last request and its answer; 0 as long as nobody knows. */
    this.contextTokens = signal(0);
    /** Rises when files may have changed, or changes were taken back. */
    this.filesChanged = signal(0);
    /** The newest trouble of the host that concerns this conversation. */
    this.trouble = signal(/** @type {any} */ (null));
    /** Marks between items: `{after: item id|null, kind, ...}` of compactions seen happening. */
    this.marks = signal(/** @type {any[]} */ ([]));
    this.isDeleted = signal(false);
    /** The place of the newest fact that was taken in. */
    this.seq = 0;
    /** What a person should hear of: `(kind, detail)`. */
    this.onNews = (/** @type {string} */ _kind, /** @type {any} */ _detail) => {};
  }

  /** Takes in what opening answered; again, if the loaded stretch is to stay. @param {any} open @param {{isAgain?: boolean}} [how] */
  load(open, { isAgain = false } = {}) {
    batch(() => {
      const { conversation: view } = open;
      this.view.value = view;
      this.seq = view.seq;
      if (isAgain) this.items.merge(open.items);
      else this.items.replace(open.items);
      this.turns.value = new Map([...(isAgain ? this.turns.value : [])].concat(open.turns.map((/** @type {any} */ turn) => [turn.id, turn])));
      this.queue.value = open.queue;
      this.approvals.value = open.approvals;
      this.questions.value = open.questions;
      this.canvases.value = open.canvases;
      this.drafts.value = [];
      this.#resumeRun(view);
      this.#readContext(open.turns);
    });
  }

  /** Adds turns that came with a page of items. @param {any[]|undefined} turns */
  addTurns(turns) {
    if (!turns?.length) return;
    const all = new Map(this.turns.value);
    for (const turn of turns) if (!all.get(turn.id)?.ended_at) all.set(turn.id, turn);
    this.turns.value = all;
  }

  /** Takes in facts and previews, all at once. @param {any[]} signals */
  take(signals) {
    batch(() => {
      for (const one of signals) this.#one(one);
    });
  }

  /** @param {any} one */
  #one(one) {
    if (one.signal === 'event') this.#fact(one.envelope);
    else if (one.signal === 'delta') this.#preview(one.delta);
    else if (one.signal === 'trouble') {
      this.trouble.value = one.problem;
      if (one.turn) this.#endTurn({ turn: one.turn, stop: { reason: 'failed', problem: one.problem }, usage: null }, this.now());
      this.onNews('trouble', one.problem);
    }
  }

  /** @param {any} envelope */
  #fact(envelope) {
    if (envelope.seq <= this.seq) return;
    this.seq = envelope.seq;
    const { noun, event } = envelope.event;
    if (noun === 'item') this.#item(event.item);
    else if (noun === 'turn') this.#turn(event, envelope.at);
    else if (noun === 'conversation') this.#conversation(event, envelope.at);
    else if (noun === 'approval') this.#approval(event);
    else if (noun === 'elicitation') this.#question(event);
    else if (noun === 'canvas') this.#canvas(event.canvas);
    else if (noun === 'checkpoint') {
      this.filesChanged.value++;
      this.onNews('undone', event);
    }
  }

  /** @param {any} item */
  #item(item) {
    const before = this.items.get(item.id)?.item.peek();
    this.items.put(item);
    if (item.body.kind === 'tool_call') {
      if (!isOver(item)) this.drafts.value = this.drafts.value.slice(1);
      else if (item.body.result?.content?.some((/** @type {any} */ part) => part.type === 'diff')) this.filesChanged.value++;
      if (item.status === 'failed' && (!before || !isOver(before))) this.onNews('tool_failed', item);
    }
    const run = this.run.value;
    const phase = run && item.turn === run.turn ? phaseOf(item) : null;
    if (run && phase) this.run.value = entered(run, phase, this.now());
    if (item.body.kind === 'agent_message' && item.status === 'completed') this.onNews('message', item);
  }

  /** @param {any} event @param {number} at */
  #turn(event, at) {
    switch (event.verb) {
      case 'queued':
        this.queue.value = [...this.queue.value.filter(({ turn }) => turn !== event.queued.turn), event.queued];
        break;
      case 'reworded':
        this.queue.value = this.queue.value.map((one) => (one.turn === event.queued.turn ? event.queued : one));
        break;
      case 'unqueued':
        this.#unqueue(event.turn);
        break;
      case 'reordered':
        this.queue.value = reordered(this.queue.value, event.turn, event.ahead_of ?? null);
        break;
      case 'started':
        this.#startTurn(event, at);
        break;
      case 'step_started':
        this.drafts.value = [];
        if (this.run.value?.turn === event.turn) this.run.value = entered(this.run.value, { phase: 'connecting' }, this.now());
        break;
      case 'step_ended':
        this.contextTokens.value = event.usage.prompt_tokens + event.usage.completion_tokens || this.contextTokens.value;
        this.#addUsage(event.turn, event.usage);
        break;
      case 'ended':
        this.#endTurn(event, at);
        break;
    }
  }

  /** @param {string} turn */
  #unqueue(turn) {
    this.queue.value = this.queue.value.filter((one) => one.turn !== turn);
  }

  /** @param {any} event @param {number} at */
  #startTurn({ turn }, at) {
    this.#unqueue(turn);
    const all = new Map(this.turns.value);
    const usage = { prompt_tokens: 0, completion_tokens: 0, cached_tokens: 0, cost_micros: 0, is_estimated: false };
    if (!all.has(turn)) all.set(turn, { id: turn, conversation: this.view.value?.id, started_at: at, usage });
    this.turns.value = all;
    if (all.get(turn).ended_at) return;
    this.view.value = { ...this.view.value, running: turn };
    this.run.value = begun(turn, this.now(), at);
    this.ended.value = null;
    this.trouble.value = null;
    this.onNews('started', turn);
  }

  /** @param {any} event @param {number} at */
  #endTurn({ turn, stop, usage }, at) {
    const all = new Map(this.turns.value);
    const was = all.get(turn) ?? { id: turn, conversation: this.view.value?.id, started_at: at };
    const isNews = !was.ended_at;
    all.set(turn, { ...was, ended_at: at, stop, usage: usage ?? was.usage });
    this.turns.value = all;
    if (this.view.value?.running === turn) {
      const { running: _, ...view } = this.view.value;
      this.view.value = view;
    }
    if (this.run.value?.turn === turn) this.run.value = null;
    // The process has ended, and what waited in it waits for somebody to release it.
    if (stop.reason === 'interrupted' && isNews) this.queue.value = this.queue.value.map((one) => ({ ...one, is_held: true }));
    this.drafts.value = [];
    this.filesChanged.value++;
    if (isNews) {
      this.ended.value = { turn, stop, usage: usage ?? was.usage };
      this.onNews('ended', { turn, stop });
    }
  }

  /** @param {string} turn @param {any} usage */
  #addUsage(turn, usage) {
    const was = this.turns.value.get(turn);
    if (!was || was.ended_at) return;
    const sum = { ...was.usage };
    for (const name of ['prompt_tokens', 'completion_tokens', 'cached_tokens', 'cost_micros']) sum[name] = (sum[name] ?? 0) + (usage[name] ?? 0);
    sum.is_estimated = sum.is_estimated || usage.is_estimated;
    this.turns.value = new Map(this.turns.value).set(turn, { ...was, usage: sum });
  }

  /** @param {any} event @param {number} at */
  #conversation(event, at) {
    const view = this.view.value ?? {};
    const change = (/** @type {object} */ what) => (this.view.value = { ...this.view.value, ...what });
    switch (event.verb) {
      case 'renamed':
        return change({ title: event.title });
      case 'tagged': {
        const kept = (view.tags ?? []).filter((/** @type {string} */ tag) => !(event.removed ?? []).includes(tag));
        return change({ tags: [...new Set([...kept, ...(event.added ?? [])])].sort() });
      }
      case 'moved':
        return change({ folder: event.folder ?? undefined });
      case 'assigned':
        return change({ project: event.project ?? undefined });
      case 'pinned':
        return change({ is_pinned: event.is_pinned });
      case 'configured':
        return change({ model: event.model ?? undefined, mode: event.mode ?? undefined });
      case 'tainted':
        return change({ trust: 'untrusted', taint: event.source });
      case 'rewound':
        this.items.rewind(event.before, at);
        this.filesChanged.value++;
        return this.onNews('rewound', event);
      case 'compacted':
        this.contextTokens.value = event.after_tokens;
        this.marks.value = [{ kind: 'compacted', item: event.item, before: event.before_tokens, after: event.after_tokens, at }];
        return this.onNews('compacted', event);
      case 'uncompacted':
        this.marks.value = [{ kind: 'uncompacted', at }];
        return this.onNews('uncompacted', event);
      case 'context_grown':
        this.contextTokens.value = event.tokens;
        return undefined;
      case 'deleted':
        this.isDeleted.value = true;
        return this.onNews('deleted', event);
      default:
        return undefined;
    }
  }

  /** @param {any} event */
  #approval(event) {
    const run = this.run.value;
    if (event.verb === 'requested') {
      const { approval } = event;
      this.approvals.value = [...this.approvals.value.filter(({ id }) => id !== approval.id), approval];
      if (run?.turn === approval.turn) this.run.value = entered(run, { phase: 'waiting_for_approval' }, this.now());
      this.onNews('approval', approval);
    } else if (event.verb === 'extended') {
      const later = (/** @type {any} */ one) => (one.id === event.approval ? { ...one, expires_at: event.expires_at } : one);
      this.approvals.value = this.approvals.value.map(later);
    } else if (event.verb === 'resolved') {
      const asked = this.approvals.value.find(({ id }) => id === event.approval);
      this.approvals.value = this.approvals.value.filter(({ id }) => id !== event.approval);
      this.resolved.value = bounded(this.resolved.value, event.approval, { resolution: event.resolution, by: event.by, approval: asked });
      if (run?.phase.phase === 'waiting_for_approval' && !this.approvals.value.length) {
        this.run.value = entered(run, asked ? { phase: 'running', tool: asked.tool } : { phase: 'connecting' }, this.now());
      }
      this.onNews('resolved', { ...event, asked });
    }
  }

  /** @param {any} event */
  #question(event) {
    if (event.verb === 'requested') {
      this.questions.value = [...this.questions.value.filter(({ id }) => id !== event.question.id), event.question];
      this.onNews('question', event.question);
    } else {
      this.questions.value = this.questions.value.filter(({ id }) => id !== event.elicitation);
      this.answered.value = bounded(this.answered.value, event.elicitation, event.answer);
    }
  }

  /** @param {any} canvas */
  #canvas(canvas) {
    const others = this.canvases.value.filter(({ id }) => id !== canvas.id);
    const known = this.canvases.value.find(({ id }) => id === canvas.id);
    if (known && known.version > canvas.version) return;
    this.canvases.value = [...others, canvas];
    this.onNews('canvas', canvas);
  }

  /** @param {any} delta */
  #preview(delta) {
    const now = this.now();
    if (delta.delta === 'text' || delta.delta === 'reasoning') {
      this.items.grow(delta);
      const turn = this.items.get(delta.item)?.turn;
      if (this.run.value && (!turn || turn === this.run.value.turn)) this.run.value = heard(this.run.value, delta.text.length, now);
    } else if (delta.delta === 'arguments') this.#draft(delta, now);
    else if (delta.delta === 'output') this.items.output(delta);
    else if (delta.delta === 'progress') this.items.progress(delta);
    else if (delta.delta === 'agent') this.items.agent(delta, now);
    else if (delta.delta === 'phase') this.#phase(delta, now);
  }

  /** @param {any} delta @param {number} now */
  #phase({ turn, phase }, now) {
    if (this.turns.value.get(turn)?.ended_at) return;
    const run = this.run.value?.turn === turn ? this.run.value : null;
    if (run) this.run.value = entered(run, phase, now);
  }

  /** @param {any} delta @param {number} now */
  #draft({ index, tool, text }, now) {
    if (!this.run.value) return;
    const known = this.drafts.value.find((one) => one.index === index);
    const rest = this.drafts.value.filter((one) => one.index !== index);
    const grown = { index, tool: tool || known?.tool || '', text: (known?.text ?? '') + text };
    this.drafts.value = [...rest, grown].sort((a, b) => a.index - b.index);
    this.run.value = heard(this.run.value, text.length, now);
  }

  /** @param {any} view */
  #resumeRun(view) {
    if (!view.running) {
      this.run.value = null;
      return;
    }
    const began = this.turns.value.get(view.running)?.started_at ?? this.now();
    let run = this.run.value?.turn === view.running ? this.run.value : begun(view.running, this.now(), began);
    const current = [...this.items.entries.value].reverse().find((one) => one.turn === view.running && !isOver(one.item.value));
    const phase = this.approvals.value.length ? { phase: 'waiting_for_approval' } : current && phaseOf(current.item.value);
    if (phase) run = entered(run, phase, this.now());
    this.run.value = run;
  }

  /** The newest step that has ended says how full the context is; where only what is older was read, none does. @param {any[]} turns */
  #readContext(turns) {
    if (this.contextTokens.value || this.items.after.value) return;
    this.contextTokens.value = turns.reduce((known, turn) => turn.context_tokens ?? known, 0);
  }
}

/** @param {any[]} queue @param {string} turn @param {string|null} aheadOf */
export function reordered(queue, turn, aheadOf) {
  const one = queue.find((other) => other.turn === turn);
  if (!one) return queue;
  const rest = queue.filter((other) => other.turn !== turn);
  const place = aheadOf === null ? rest.length : rest.findIndex((other) => other.turn === aheadOf);
  rest.splice(place < 0 ? rest.length : place, 0, one);
  return rest;
}

/** @param {Map<string, any>} map @param {string} key @param {any} value */
function bounded(map, key, value) {
  const grown = new Map(map).set(key, value);
  if (grown.size > MAX_RESOLVED) grown.delete(grown.keys().next().value);
  return grown;
}
