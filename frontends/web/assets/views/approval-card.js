/**
 * The card that asks before an effect: what would happen, all of it, and the answers.
 *
 * It never takes the focus, listens to keys only while it has it and not in its first moment, and lets nobody allow
 * what was not shown.
 */
import { problemOf, serverNow } from '../lib/api.js';
import { classes, h, html, signal, useEffect, useId, useLayoutEffect, useRef, useState } from '../lib/dom.js';
import { countdown } from '../lib/format.js';
import { Icon } from '../lib/icons.js';
import { ariaKeys, keyText, registerKeys } from '../lib/keys.js';
import { words } from '../strings/item.js';
import { noteAnsweredHere } from './approval-line.js';
import { Effect, isTooLong } from './approval-effect.js';
import { revealedLine, TIER_SIGNS } from './item/common.js';

const say = words.approval;
/** A card answers no key before it was seen for so long, milliseconds. */
const ARMS_AFTER = 400;

/** Cards of which all was shown, so that they may be allowed together. @type {import('../lib/dom.js').Signal<Set<string>>} */
const shownWhole = signal(new Set());

/** @param {{approval: any, conversation: any}} props */
function OpenCard({ approval, conversation }) {
  const card = useRef(/** @type {HTMLElement|null} */ (null));
  const [step, setStep] = useState(/** @type {''|'tell'|'always'} */ (''));
  const [isWhole, setWhole] = useState(() => !isTooLong(approval.effect));
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const id = useId();
  const isDestructive = approval.tier === 'destructive';
  const offers = new Map(approval.scopes.map((offer) => [offer.scope, offer]));

  const decide = async (decision) => {
    if (isBusy || (decision.decision === 'allow' && !isWhole)) return;
    setBusy(true);
    setProblem(null);
    noteAnsweredHere(approval.id);
    try {
      await conversation.decide(approval, decision);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  const acts = {
    once: () => !isDestructive && offers.has('once') && decide({ decision: 'allow', scope: 'once' }),
    session: () => !isDestructive && offers.has('session') && decide({ decision: 'allow', scope: 'session' }),
    always: () => !isDestructive && offers.has('always') && isWhole && setStep('always'),
    save: () => decide({ decision: 'allow', scope: 'always' }),
    anyway: () => isDestructive && offers.has('once') && decide({ decision: 'allow', scope: 'once' }),
    deny: () => decide({ decision: 'deny' }),
    tell: () => setStep('tell'),
    extend: () => conversation.extend(approval).catch((error) => setProblem(problemOf(error))),
    expand: () => setWhole(true),
  };
  useCardKeys(card, acts, isDestructive);
  useEffect(() => {
    if (isWhole) shownWhole.value = new Set(shownWhole.peek()).add(approval.id);
    return () => {
      shownWhole.value = new Set([...shownWhole.peek()].filter((one) => one !== approval.id));
    };
  }, [isWhole, approval.id]);

  return html`<section ref=${card} class=${classes('approval', `is-${approval.tier}`)} data-testid="approval" data-id=${approval.id} data-tier=${approval.tier}
    role="group" tabindex="0" aria-labelledby=${id}>
    <header class="approval-head">
      <h3 id=${id}><span class=${`item-tier is-${approval.tier}`}><span aria-hidden="true">${TIER_SIGNS[approval.tier]} </span>${words.tiers[approval.tier]}</span>
        <span class="approval-tool"> · ${revealedLine(approval.tool)}</span>${approval.agent && html`<span class="item-muted"> · ${say.askedBy(revealedLine(approval.agent))}</span>`}</h3>
      ${h(Countdown, { until: approval.expires_at })}
      ${h(Button, { keys: 'k', label: say.keepWaiting, run: acts.extend, kind: 'button-quiet item-small' })}
    </header>
    <p class="approval-kind">${say.kinds[approval.effect.kind] ?? ''}</p>
    ${h(Effect, { effect: approval.effect, isWhole, onWhole: acts.expand })}
    ${h(Reasons, { approval })}
    ${problem && html`<p class="approval-problem" role="alert">${problem.message}${problem.hint && html` <span class="item-muted">${problem.hint}</span>`}</p>`}
    ${step === 'tell'
      ? h(Tell, { onSend: (reason) => decide({ decision: 'deny', ...(reason ? { reason } : {}) }), onBack: () => setStep(''), isBusy })
      : step === 'always'
        ? h(Always, { rule: offers.get('always')?.rule ?? '', onSave: acts.save, onBack: () => setStep(''), isBusy })
        : h(Answers, { acts, offers, isDestructive, isOff: isBusy || !isWhole, isBusy })}
    ${h(Together, { approval, conversation })}
    ${!isDestructive && step !== 'always' && h(Rules, { offers })}
  </section>`;
}

/**
 * Keys of one card: only with the focus in it, and not at once.
 * @param {{current: HTMLElement|null}} card @param {Record<string, () => unknown>} acts @param {boolean} isDestructive
 */
function useCardKeys(card, acts, isDestructive) {
  const now = useRef(acts);
  now.current = acts;
  useLayoutEffect(() => {
    const element = card.current;
    const since = performance.now();
    let before = /** @type {Element|null} */ (null);
    const entered = (/** @type {FocusEvent} */ event) => {
      if (!element.contains(/** @type {Node} */ (event.relatedTarget))) before = /** @type {Element} */ (event.relatedTarget);
    };
    const when = () => performance.now() - since >= ARMS_AFTER;
    const key = (keys, label, name) => ({ keys, label, when, isAction: false, run: () => now.current[name]() });
    const leave = () => (before instanceof HTMLElement && before.isConnected ? before.focus() : /** @type {HTMLElement} */ (document.activeElement)?.blur());
    const calm = [key('y', say.once, 'once'), key('s', say.session, 'session'), key('a', say.always, 'always')];
    const bindings = [
      ...(isDestructive ? [key('Y', say.anyway, 'anyway')] : calm),
      key('n', say.deny, 'deny'),
      key('d', say.tell, 'tell'),
      key('k', say.keepWaiting, 'extend'),
      key('x', say.expand, 'expand'),
      { keys: 'Escape', label: say.leave, isAction: false, run: leave },
    ];
    element.addEventListener('focusin', entered);
    const forget = registerKeys({ name: say.keys, element }, bindings);
    return () => {
      forget();
      element.removeEventListener('focusin', entered);
      // Whoever answered by key goes on where they were.
      if (element.contains(document.activeElement) && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [isDestructive]);
}

/** @param {{label: string, run: () => unknown, keys?: string, kind?: string, isOff?: boolean}} props */
function Button({ label, run, keys, kind = '', isOff = false }) {
  return html`<button type="button" class=${classes('button', kind)} disabled=${isOff} aria-keyshortcuts=${keys && ariaKeys(keys === 'Y' ? 'Shift+Y' : keys)} onClick=${run}>
    ${label}${keys && html` <kbd aria-hidden="true">${keys === 'Y' ? '⇧Y' : keyText(keys)}</kbd>`}
  </button>`;
}

/** @param {{acts: any, offers: Map<string, any>, isDestructive: boolean, isOff: boolean, isBusy: boolean}} props */
function Answers({ acts, offers, isDestructive, isOff, isBusy }) {
  const deny = html`<span class="approval-pair">${h(Button, { label: say.deny, keys: 'n', run: acts.deny, isOff: isBusy })} ${h(Button, { label: say.tell, keys: 'd', run: acts.tell, isOff: isBusy })}</span>`;
  if (isDestructive) {
    return html`<footer class="approval-answers">${deny}<span class="approval-gap"></span>
      ${offers.has('once') && h(Button, { label: say.anyway, keys: 'Y', run: acts.anyway, isOff, kind: 'button-danger' })}</footer>`;
  }
  return html`<footer class="approval-answers">
    ${offers.has('once') && h(Button, { label: say.once, keys: 'y', run: acts.once, isOff })}
    ${offers.has('session') && h(Button, { label: say.session, keys: 's', run: acts.session, isOff })}
    ${offers.has('always') && h(Button, { label: say.always, keys: 'a', run: acts.always, isOff })}
    <span class="approval-gap"></span>${deny}
  </footer>`;
}

/** What the wider answers would allow. @param {{offers: Map<string, any>}} props */
function Rules({ offers }) {
  const session = offers.get('session')?.rule;
  const always = offers.get('always')?.rule;
  if (!session && !always) return null;
  if (session === always) return html`<p class="approval-rules">${say.bothRules} <code>${revealedLine(always)}</code> · ${say.kept}</p>`;
  return html`<p class="approval-rules">
    ${session && html`<span>${say.sessionRule} <code>${revealedLine(session)}</code></span> `}
    ${always && html`<span>${say.alwaysRule} <code>${revealedLine(always)}</code> · ${say.kept}</span>`}
  </p>`;
}

/** The second step of a rule that is kept. @param {{rule: string, onSave: () => void, onBack: () => void, isBusy: boolean}} props */
function Always({ rule, onSave, onBack, isBusy }) {
  const field = useFirstFocus();
  const hint = useId();
  const submit = (event) => {
    event.preventDefault();
    onSave();
  };
  return html`<form class="approval-step" onSubmit=${submit} onKeyDown=${backOnEscape(onBack)}>
    <label class="field"><span class="field-label">${say.ruleLabel}</span>
      <input ref=${field} class="input approval-rule" type="text" readonly value=${rule} aria-describedby=${hint} /></label>
    <p class="item-muted" id=${hint}>${say.ruleHint}</p>
    <footer class="approval-answers"><button class="button" disabled=${isBusy}>${say.ruleSave}</button>
      ${h(Button, { label: say.back, run: onBack, kind: 'button-quiet' })}</footer>
  </form>`;
}

/** A no with words for the model. @param {{onSend: (reason: string) => void, onBack: () => void, isBusy: boolean}} props */
function Tell({ onSend, onBack, isBusy }) {
  const [text, setText] = useState('');
  const field = useFirstFocus();
  const submit = (event) => {
    event.preventDefault();
    onSend(text.trim());
  };
  const onKey = (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event);
    else backOnEscape(onBack)(event);
  };
  return html`<form class="approval-step" onSubmit=${submit}>
    <label class="field"><span class="field-label">${say.tellLabel}</span>
      <textarea ref=${field} class="input" rows="2" value=${text} onInput=${(event) => setText(event.currentTarget.value)} onKeyDown=${onKey}></textarea></label>
    <footer class="approval-answers"><button class="button" disabled=${isBusy}>${say.tellSend}</button>
      ${h(Button, { label: say.back, run: onBack, kind: 'button-quiet' })}</footer>
  </form>`;
}

/** The person asked for this field, so it may have the focus. */
function useFirstFocus() {
  const field = useRef(/** @type {HTMLElement|null} */ (null));
  useLayoutEffect(() => field.current.focus({ preventScroll: true }), []);
  return field;
}

/** @param {() => void} onBack */
function backOnEscape(onBack) {
  return (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    const card = /** @type {HTMLElement} */ (/** @type {Element} */ (event.target).closest('.approval'));
    onBack();
    card?.focus({ preventScroll: true });
  };
}

/** @param {{until: number}} props */
function Countdown({ until }) {
  const [now, setNow] = useState(serverNow());
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1000);
    return () => clearInterval(timer);
  }, []);
  const left = countdown(until - now);
  return html`<span class="approval-countdown" role="timer" aria-live="off" title=${say.countdownLabel(left)}>${h(Icon, { name: 'history' })} ${say.countdown(left)}</span>`;
}

/** @param {{approval: any}} props */
function Reasons({ approval }) {
  const { reasons, tier } = approval;
  return html`${reasons.length > 0 &&
    html`<p class="approval-reasons"><strong>${tier === 'destructive' ? say.matched : say.why}:</strong> ${reasons.map(revealedLine).join(' · ')}</p>`}
    ${tier === 'destructive' && html`<p class="approval-irreversible">${say.irreversible}</p>`}`;
}

/** Questions of one harmless enough tier, answered together: offered on the first of them. @param {{approval: any, conversation: any}} props */
function Together({ approval, conversation }) {
  const [isBusy, setBusy] = useState(false);
  const open = conversation.approvals?.value ?? [];
  const mates = open.filter((one) => one.effect.kind !== 'plan');
  const isFine = approval.tier !== 'destructive' && mates.length > 1 && mates[0].id === approval.id && mates.every(canJoin);
  if (!isFine) return null;
  const run = async () => {
    setBusy(true);
    for (const one of mates) {
      noteAnsweredHere(one.id);
      await conversation.decide(one, { decision: 'allow', scope: 'once' }).catch(() => {});
    }
    setBusy(false);
  };
  return html`<p class="approval-together">${h(Button, { label: say.together(mates.length), run, isOff: isBusy })}</p>`;

  function canJoin(one) {
    return one.tier === approval.tier && one.scopes.some(({ scope }) => scope === 'once') && (!isTooLong(one.effect) || shownWhole.value.has(one.id));
  }
}

export { OpenCard };
