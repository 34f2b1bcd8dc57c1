/**
 * How a stretch of items is laid out as rows: a finished turn shows what was said and folds what was done to one line;
 * a running one shows the line it is at. Pure but for reading items without following them.
 */
import { isOver } from './items.js';

/**
 * @typedef {import('./items.js').Entry} Entry
 * @typedef {{tools: number, failed: number, agents: number, files: number, added: number, removed: number, isRunning: boolean,
 *   startedAt: number|null, ms: number|null, last: string}} Work
 * @typedef {{key: string, type: 'item', entry: Entry, turn: string, isNarration: boolean, isFolded?: boolean}
 *   | {key: string, type: 'calls', entries: Entry[], turn: string}
 *   | {key: string, type: 'fold', turn: string, work: Work, isOpen: boolean}
 *   | {key: string, type: 'end', turn: string}
 *   | {key: string, type: 'mark', mark: any}
 *   | {key: string, type: 'approval', approval: any}
 *   | {key: string, type: 'question', question: any}} Row
 */

/** Which items of a turn that is worked on are folded. It only changes while the reader follows, so nothing moves under them. */
export class Folding {
  /** @type {Map<string, Set<string>>} turns that were seen at work */
  #seen = new Map();

  /**
   * @param {Entry[]} entries of one turn
   * @param {{turn: string, isRunning: boolean, isFollowing: boolean, waiting: Set<string>}} at
   * @returns {Set<string>}
   */
  of(entries, { turn, isRunning, isFollowing, waiting }) {
    const known = this.#seen.get(turn);
    if (!isFollowing && (known || isRunning)) {
      const kept = known ?? new Set();
      this.#seen.set(turn, kept);
      return kept;
    }
    const folded = foldable(entries, isRunning, waiting);
    if (isRunning) this.#seen.set(turn, folded);
    else this.#seen.delete(turn);
    return folded;
  }
}

/**
 * What of a turn is work and not its answer.
 *
 * @param {Entry[]} entries @param {boolean} isRunning @param {Set<string>} waiting calls that a person is asked about
 */
function foldable(entries, isRunning, waiting) {
  const calls = entries.map(({ kind }) => kind).lastIndexOf('tool_call');
  const folded = new Set();
  if (calls < 0) return folded;
  for (const [at, one] of entries.entries()) {
    if (one.kind === 'user_message' || one.kind === 'summary' || waiting.has(one.id)) continue;
    if (one.kind === 'agent_message' && at > calls) continue;
    if (isRunning && (at === entries.length - 1 || !isOver(one.item.peek()))) continue;
    folded.add(one.id);
  }
  return folded;
}

/**
 * @param {Entry[]} entries
 * @param {{turns: Map<string, any>, running: string|null, folding: Folding, isFollowing: boolean, open: Set<string>,
 *   approvals: any[], questions: any[], marks: any[], elsewhere?: Set<string>, isAtEnd: boolean}} at
 * @returns {Row[]}
 */
export function rowsOf(entries, at) {
  /** @type {Row[]} */
  const rows = [];
  const waiting = new Set([...[...at.approvals, ...at.questions].map(({ item }) => item), ...(at.elsewhere ?? [])]);
  const placed = new Set();
  for (let from = 0; from < entries.length; ) {
    const turn = entries[from].turn;
    let to = from;
    while (to < entries.length && entries[to].turn === turn) to++;
    turnRows(rows, entries.slice(from, to), { ...at, turn, waiting, placed });
    from = to;
    if (at.turns.get(turn)?.ended_at && (from < entries.length || at.isAtEnd)) rows.push({ key: `end:${turn}`, type: 'end', turn });
  }
  if (at.isAtEnd) {
    for (const approval of at.approvals) if (!placed.has(approval.id)) rows.push(approvalRow(approval));
    for (const question of at.questions) if (!placed.has(question.id)) rows.push({ key: `question:${question.id}`, type: 'question', question });
    for (const mark of at.marks) rows.push({ key: `mark:${mark.kind}:${mark.at}`, type: 'mark', mark });
  }
  return rows;
}

const approvalRow = (/** @type {any} */ approval) => /** @type {Row} */ ({ key: `approval:${approval.id}`, type: 'approval', approval });

/** @param {Row[]} rows @param {Entry[]} entries @param {any} at */
function turnRows(rows, entries, at) {
  const { turn, waiting } = at;
  const isRunning = at.running === turn;
  const folded = at.folding.of(entries, { turn, isRunning, isFollowing: at.isFollowing, waiting });
  const calls = entries.map(({ kind }) => kind).lastIndexOf('tool_call');
  let fold = /** @type {any} */ (null);
  for (const [place, entry] of entries.entries()) {
    if (isBlank(entry)) continue;
    if (folded.has(entry.id)) {
      if (!fold) {
        const key = `fold:${entry.id}`;
        fold = { key, type: 'fold', turn, work: null, isOpen: at.open.has(key), entries: [] };
        rows.push(fold);
      }
      fold.entries.push(entry);
      if (!fold.isOpen) continue;
    } else if (entry.kind === 'user_message') fold = null;
    pushItem(rows, entry, turn, place < calls);
    for (const approval of at.approvals) {
      if (approval.item !== entry.id) continue;
      at.placed.add(approval.id);
      rows.push(approvalRow(approval));
    }
    for (const question of at.questions) {
      if (question.item !== entry.id) continue;
      at.placed.add(question.id);
      rows.push({ key: `question:${question.id}`, type: 'question', question });
    }
  }
  const ofTurn = at.turns.get(turn);
  const folds = rows.filter((row) => row.type === 'fold' && row.turn === turn);
  for (const one of folds) one.work = workOf(one.entries, { isRunning, turn: folds.length === 1 ? ofTurn : null });
}

/** Whether the model said nothing with it, or has not yet. @param {Entry} entry */
const isBlank = (entry) => (entry.kind === 'agent_message' || entry.kind === 'reasoning') && !entry.item.peek().body.text;

/** @param {Row[]} rows @param {Entry} entry @param {string} turn @param {boolean} isBeforeCalls */
function pushItem(rows, entry, turn, isBeforeCalls) {
  const item = entry.item.peek();
  const last = rows[rows.length - 1];
  if (entry.kind === 'tool_call' && isMergeable(item)) {
    if (last?.type === 'calls' && last.turn === turn && last.entries[0].item.peek().body.tool === item.body.tool) {
      last.entries.push(entry);
      return;
    }
    rows.push({ key: `calls:${entry.id}`, type: 'calls', entries: [entry], turn });
    return;
  }
  const isNarration = entry.kind === 'agent_message' && isBeforeCalls;
  rows.push({ key: entry.id, type: 'item', entry, turn, isNarration });
}

/** What was said in a stretch of items, without words between calls. @param {Entry[]} entries */
export const saidIn = (entries) =>
  entries.filter((one, at) => {
    if (one.kind !== 'agent_message') return one.kind === 'user_message';
    return !entries.slice(at + 1).some((later) => later.turn === one.turn && later.kind === 'tool_call');
  });

/** Reading is merged to one line, as long as nothing about it has to be looked at. @param {any} item */
const isMergeable = (item) => item.status === 'completed' && item.body.tier === 'read' && !item.body.child;

/** @param {Entry[]} entries @param {{isRunning: boolean, turn: any}} of @returns {Work} */
function workOf(entries, { isRunning, turn }) {
  const paths = new Set();
  const work = { tools: 0, failed: 0, agents: 0, files: 0, added: 0, removed: 0, isRunning, startedAt: turn?.started_at ?? null, ms: null, last: '' };
  for (const { item: source } of entries) {
    const item = source.peek();
    if (item.body.kind !== 'tool_call') continue;
    work.tools++;
    work.last = item.body.tool;
    if (item.status === 'failed' || item.status === 'denied') work.failed++;
    if (item.body.child) work.agents++;
    for (const part of item.body.result?.content ?? []) {
      if (part.type !== 'diff') continue;
      paths.add(part.path);
      work.added += part.added;
      work.removed += part.removed;
    }
  }
  work.files = paths.size;
  // A copied turn took no time here.
  work.ms = (turn?.ended_at ?? 0) - (turn?.started_at ?? 0) > 0 ? turn.ended_at - turn.started_at : null;
  return work;
}
