/**
 * What a run is doing: told by previews, or else concluded from facts; and how it reads some time later. Pure.
 *
 * @typedef {{phase: string, tool?: string, silent_ms?: number, attempt?: number, max?: number, delay_ms?: number, reason?: string}} Phase
 * @typedef {{turn: string, phase: Phase, since: number, heard: number, streamed: number, streamingSince: number, began: number}} Run
 */

/** From here on a silence is worth saying, milliseconds. */
const STALL = 5000;
/** From here on it is a warning. */
export const STALL_WARNING = 15_000;
/** From here on the line says how to stop. */
export const STOP_HINT = 3000;
/** Two Escapes within this stop the turn. */
export const DOUBLE_ESCAPE = 1500;

/** A turn has just begun. @param {string} turn @param {number} now @param {number} began @returns {Run} */
export const begun = (turn, now, began) => ({
  turn,
  phase: { phase: 'connecting' },
  since: now,
  heard: now,
  streamed: 0,
  streamingSince: 0,
  began,
});

/** The run in another phase. @param {Run} run @param {Phase} phase @param {number} now @returns {Run} */
export function entered(run, phase, now) {
  const isSame = run.phase.phase === phase.phase && run.phase.tool === phase.tool;
  const isNewStream = phase.phase !== 'streaming' && phase.phase !== 'stalled' && run.phase.phase !== phase.phase;
  return {
    ...run,
    phase,
    since: isSame && phase.phase !== 'stalled' && phase.phase !== 'retrying' ? run.since : now,
    heard: phase.phase === 'streaming' ? now : run.heard,
    streamed: isNewStream ? 0 : run.streamed,
    streamingSince: isNewStream ? 0 : run.streamingSince,
  };
}

/** Words have arrived. @param {Run} run @param {number} characters @param {number} now @returns {Run} */
export const heard = (run, characters, now) => ({
  ...run,
  phase: run.phase.phase === 'streaming' ? run.phase : { phase: 'streaming' },
  since: run.phase.phase === 'streaming' ? run.since : now,
  heard: now,
  streamed: run.streamed + characters,
  streamingSince: run.streamingSince || now,
});

/** Tokens a second, at four characters a token; none within the first second. @param {Run} run @param {number} now */
export function rate(run, now) {
  const ms = now - run.streamingSince;
  return run.streamingSince && ms >= 1000 ? Math.round((run.streamed * 1000) / 4 / ms) : null;
}

/** The phase as it is after some time without news. @param {Run} run @param {number} now @returns {Phase} */
export function later(run, now) {
  const { phase } = run;
  const passed = Math.max(0, now - run.since);
  if (phase.phase === 'stalled') return { phase: 'stalled', silent_ms: (phase.silent_ms ?? 0) + passed };
  if (phase.phase === 'streaming') {
    const silent = now - Math.max(run.heard, run.since);
    return silent >= STALL ? { phase: 'stalled', silent_ms: silent } : phase;
  }
  if (phase.phase === 'retrying') return { ...phase, delay_ms: Math.max(0, (phase.delay_ms ?? 0) - passed) };
  return phase;
}

/** What an item that runs means for the phase, where no preview said better. @param {import('./items.js').Item} item @returns {Phase|null} */
export function phaseOf(item) {
  if (item.body.kind === 'tool_call') return item.status === 'running' ? { phase: 'running', tool: item.body.tool } : null;
  if (item.body.kind === 'agent_message' || item.body.kind === 'reasoning') {
    // One that has no words yet says nothing: the model may be waited for, or asked again.
    return item.status === 'running' && item.body.text ? { phase: 'streaming' } : null;
  }
  return null;
}
