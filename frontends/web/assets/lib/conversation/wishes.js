/** Every wish a person can make of a conversation, each as one op or a few in their order. */

/** What the model is told to go on with after it was cut off. */
const GO_ON = 'Go on from where you were cut off.';

/** Stops after which a second try goes on instead of beginning anew. */
export const CUT = new Set(['max_steps', 'max_tokens', 'cancelled', 'interrupted', 'budget', 'failed']);

/**
 * @param {import('./conversation.js').Conversation} conversation
 * @param {(noun: string, wish: object) => Promise<string>} op
 */
export function wishes(conversation, op) {
  const { id, model } = conversation;
  const turn = (/** @type {string} */ verb, /** @type {object} */ rest) => op('turn', { verb, ...rest });
  const talk = (/** @type {string} */ verb, /** @type {object} */ rest = {}) => op('conversation', { verb, conversation: id, ...rest });
  const attended = (/** @type {object} */ options = {}) => ({ is_attended: true, ...options });
  const running = () => model.view.value?.running ?? null;

  /** Gives input; it waits if a turn runs. @param {any[]} input @param {object} [options] */
  const send = (input, options) => turn('start', { conversation: id, input, options: attended(options) });

  /** Ends the running turn. */
  const cancel = async () => {
    const now = running();
    return now ? turn('cancel', { turn: now }) : null;
  };

  /** Has waiting input run at once: in front of all others, and what runs ends. @param {string} waiting */
  const runNow = async (waiting) => {
    const first = model.queue.value.find((one) => one.turn !== waiting && !one.is_held);
    if (first && model.queue.value[0]?.turn !== waiting) await turn('reorder', { turn: waiting, ahead_of: first.turn });
    return cancel();
  };

  /** Gives input that does not wait. @param {any[]} input @param {object} [options] */
  const sendNow = async (input, options) => {
    const wasRunning = running();
    const given = await send(input, options);
    if (wasRunning && running() === wasRunning) await runNow(given);
    return given;
  };

  /** Goes back to before a message. @param {string} before @param {boolean} isUndoing */
  const rewind = (before, isUndoing = false) => talk('rewind', { before, is_undoing: isUndoing });

  /** A sent message in other words; what followed is put aside. @param {string} message @param {any[]} input @param {{isUndoing?: boolean, options?: object}} how */
  const edit = async (message, input, { isUndoing = false, options } = {}) => {
    await rewind(message, isUndoing);
    return send(input, options);
  };

  /** The last message again, or on from where its answer was cut off. @param {object} [options] */
  const retry = async (options) => {
    const said = [...model.items.entries.value].reverse().map((one) => one.item.value).find(isSaid);
    if (!said) return null;
    const asked = model.turns.value.get(said.turn);
    const isBegun = model.items.entries.value.some((one) => one.turn === said.turn && ['agent_message', 'tool_call'].includes(one.kind));
    if (isBegun && CUT.has(asked?.stop?.reason)) return send([{ type: 'text', text: GO_ON }], options);
    return edit(said.id, wordsOf(said), { options });
  };

  return {
    send,
    sendNow,
    cancel,
    rewind,
    edit,
    retry,
    steer: (/** @type {any[]} */ input) => turn('steer', { turn: running(), input }),
    unqueue: (/** @type {string} */ waiting) => turn('unqueue', { turn: waiting }),
    reword: (/** @type {string} */ waiting, /** @type {any[]} */ input) => turn('reword', { turn: waiting, input }),
    reorder: (/** @type {string} */ waiting, /** @type {string|null} */ aheadOf) => turn('reorder', { turn: waiting, ahead_of: aheadOf }),
    release: (/** @type {string} */ waiting, /** @type {object} */ options) => turn('release', { turn: waiting, options: attended(options) }),
    runNow,
    decide: (/** @type {any} */ approval, /** @type {object} */ decision) =>
      op('approval', { verb: 'decide', approval: approval.id, digest: approval.digest, decision, by: 'web' }),
    extend: (/** @type {{id: string}} */ approval) => op('approval', { verb: 'extend', approval: approval.id }),
    answer: (/** @type {{id: string}} */ question, /** @type {object} */ answer) =>
      op('elicitation', { verb: 'answer', elicitation: question.id, answer }),
    fork: (/** @type {string} */ until) => talk('fork', { until }),
    rename: (/** @type {string} */ title) => talk('rename', { title }),
    tag: (/** @type {{add?: string[], remove?: string[]}} */ change) => talk('tag', change),
    move: (/** @type {string|null} */ folder) => talk('move', { folder }),
    assign: (/** @type {string|null} */ project) => talk('assign', { project }),
    pin: (/** @type {boolean} */ isPinned) => talk('pin', { is_pinned: isPinned }),
    configure: (/** @type {string|null} */ chosen, /** @type {string|null} */ mode) => {
      model.view.value = { ...model.view.value, model: chosen ?? undefined, mode: mode ?? undefined };
      return talk('configure', { model: chosen, mode });
    },
    compact: () => talk('compact'),
    uncompact: () => talk('uncompact'),
    undo: (/** @type {object} */ target, /** @type {boolean} */ isForced = false) =>
      op('checkpoint', { verb: 'undo', conversation: id, ...target, is_forced: isForced }),
  };
}

/** The person's own words; what the host says in their name is not. @param {any} item */
export const isSaid = (item) => item.body.kind === 'user_message' && item.origin.kind !== 'host';

/** The input a message was; what was attached is found anew. @param {any} item */
export const wordsOf = (item) => item.body.content.filter((/** @type {any} */ part) => part.type !== 'attachment');
