/** The line that says what a run is doing, in the words all frontends share; and how the last one ended. */
import { classes, html, useEffect, useState } from '../../lib/dom.js';
import { serverNow } from '../../lib/api.js';
import { later, rate, STALL_WARNING, STOP_HINT } from '../../lib/conversation/phase.js';
import { words } from '../../strings/thread.js';

const say = words.phase;
/** How often the clock of the line moves, milliseconds. */
const TICK = 500;

/** The words of a phase. @param {any} phase @param {number|null} speed */
function phaseWords(phase, speed) {
  switch (phase.phase) {
    case 'connecting':
      return say.connecting;
    case 'waiting':
      return say.waiting;
    case 'streaming':
      return speed === null ? say.streaming : `${say.streaming} · ${say.rate(speed)}`;
    case 'stalled':
      return say.stalled(Math.floor(phase.silent_ms / 1000));
    case 'retrying':
      return say.retry(phase.attempt, phase.max, Math.ceil(phase.delay_ms / 1000), phase.reason);
    case 'running':
      return say.running(phase.tool);
    case 'waiting_for_approval':
      return say.approval;
    default:
      return say.compacting;
  }
}

/** Whole seconds as the terminal writes them. @param {number} ms */
function elapsed(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The whole line of a run. @param {any} run @param {number} now @param {{queued: number, isStopping: boolean}} beside */
function runWords(run, now, { queued, isStopping }) {
  const phase = later(run, now);
  const parts = [phaseWords(phase, phase.phase === 'streaming' ? rate(run, now) : null)];
  const took = now - run.began;
  if (phase.phase === 'stalled') parts.push(say.noData);
  else if (phase.phase !== 'retrying') parts.push(elapsed(took));
  if (isStopping) parts.push(say.stopping);
  else if (took >= STOP_HINT) parts.push(say.stopHint);
  if (queued) parts.push(say.queued(queued));
  const isWarning = phase.phase === 'retrying' || phase.phase === 'waiting_for_approval' || (phase.phase === 'stalled' && phase.silent_ms >= STALL_WARNING);
  return { text: parts.join(' · '), isWarning, phase: phase.phase };
}

/** How a run ended, in one word. @param {any} stop */
function endWord(stop) {
  if (stop.reason === 'cancelled') return say.cancelled;
  if (stop.reason === 'failed') return say.failed;
  return stop.reason === 'interrupted' ? say.interrupted : say.done;
}

/** @param {{session: any, isStopping: boolean}} props */
export function PhaseLine({ session, isStopping }) {
  const { conversation } = session;
  const run = conversation.run.value;
  const ended = conversation.ended.value;
  const [, tick] = useState(0);
  const isRunning = run !== null;
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => tick((count) => count + 1), TICK);
    return () => clearInterval(timer);
  }, [isRunning]);
  if (!run) return html`<div class="thread-phase is-quiet" data-testid="phase" data-phase=${ended ? endWord(ended.stop) : ''}>${ended ? endWord(ended.stop) : ''}</div>`;
  const { text, isWarning, phase } = runWords(run, serverNow(), { queued: conversation.queue.value.length, isStopping });
  return html`<div class=${classes('thread-phase', isWarning && 'is-warning')} data-testid="phase" data-phase=${phase}>
    <span class="thread-spinner" aria-hidden="true"></span><span>${text}</span></div>`;
}
