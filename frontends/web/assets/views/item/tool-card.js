/** A call in one line: what, about what, how it went; opened it shows everything. What is inside is loaded when opened. */
import { serverNow } from '../../lib/api.js';
import { classes, h, html, useEffect, useId, useLayoutEffect, useRef, useState } from '../../lib/dom.js';
import { duration, tokens } from '../../lib/format.js';
import { Icon } from '../../lib/icons.js';
import { isOver } from '../../lib/conversation/items.js';
import { words } from '../../strings/item.js';
import { ResolvedLine } from '../approval-line.js';
import { allowance, changes, clean, resultText, revealedLine, STATUS_SIGNS, statusWord, subject, TIER_SIGNS } from './common.js';

const say = words.tool;
/** Lines of live output that are shown. */
const OUTPUT_LINES = 12;

const details = {
  /** @type {any} */
  module: null,
  /** @type {Promise<any>|null} */
  loading: null,
  load() {
    this.loading ??= import('./tool-details.js').then((module) => {
      this.module = module;
      return module;
    });
    this.loading.catch(() => {
      this.loading = null;
    });
    return this.loading;
  },
};

/**
 * @param {{item: any, conversation?: any, live?: any}} props
 */
function ToolCard({ item, conversation, live }) {
  const [isOpen, setOpen] = useState(false);
  const { body: call, status } = item;
  const id = useId();
  const isRunning = !isOver(item);
  return html`<section class=${classes('item-tool', `is-${status}`)} data-testid="tool-card" data-id=${item.id} data-status=${status}>
    <button type="button" class="item-tool-line" aria-expanded=${String(isOpen)} aria-controls=${isOpen ? id : undefined}
      onClick=${() => setOpen(!isOpen)} onPointerEnter=${() => details.load()} onFocus=${() => details.load()}>
      ${h(Line, { item })}
    </button>
    ${status === 'failed' && !isOpen && h(ErrorLine, { call })}
    ${isRunning && h(Progress, { live })}
    ${isRunning && h(Output, { call, live })}
    ${conversation && h(Resolutions, { item, conversation })}
    ${call.child && h(AgentRow, { item, live })}
    ${isOpen && html`<div id=${id} class="item-tool-body">${h(Details, { item, conversation })}</div>`}
  </section>`;
}

/** @param {{item: any}} props */
function Line({ item }) {
  const { body: call, status } = item;
  const changed = changes(call);
  const how = allowance(call);
  const isRunning = !isOver(item);
  return html`<span class="item-tool-fold">${h(Icon, { name: 'right' })}</span>
    <span class=${`item-tier is-${call.tier}`} title=${words.tiers[call.tier]}>${TIER_SIGNS[call.tier]}<span class="hidden-text"> ${words.tiers[call.tier]} </span></span>
    <span class="item-tool-name">${revealedLine(call.tool)}</span>
    <span class="item-tool-about">${subject(call)}</span>
    ${changed && html`<span class="item-added">${say.added(changed.added)}</span> <span class="item-removed">${say.removed(changed.removed)}</span>`}
    ${isRunning ? h(Elapsed, { since: item.created_at }) : call.meter && html`<span class="item-muted">${duration(call.meter.wall_us / 1000)}</span>`}
    <span class=${`item-status is-${status}`}><span class=${isRunning ? 'item-spinner' : ''} aria-hidden="true">${isRunning ? '' : STATUS_SIGNS[status]}</span
      ><span class=${status === 'completed' ? 'hidden-text' : ''}> ${statusWord(item)}</span>${how && ` (${how})`}</span>`;
}

/** How long it runs, by the second. @param {{since: number}} props */
function Elapsed({ since }) {
  const [now, setNow] = useState(serverNow());
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  return seconds < 1 ? null : html`<span class="item-muted">${duration(seconds * 1000).replace('.0', '')}</span>`;
}

/** @param {{call: any}} props */
function ErrorLine({ call }) {
  const first = resultText(call).split('\n').find((line) => line.trim());
  return first ? html`<p class="item-tool-error">${revealedLine(first.trim()).slice(0, 500)}</p>` : null;
}

/** @param {{live?: any}} props */
function Progress({ live }) {
  const progress = live?.progress?.value;
  if (!progress) return null;
  const { message, fraction } = progress;
  return html`<div class="item-progress"><span>${revealedLine(message)}</span>
    <progress aria-label=${say.progress} max="1" value=${fraction ?? undefined}></progress></div>`;
}

/** The last lines a running call has put out. @param {{call: any, live?: any}} props */
function Output({ call, live }) {
  const place = useRef(/** @type {HTMLElement|null} */ (null));
  const parts = live?.output?.value ?? [];
  useLayoutEffect(() => {
    if (place.current) place.current.scrollTop = place.current.scrollHeight;
  });
  if (parts.length === 0) return null;
  const lines = clean(parts.map(({ text }) => text).join('')).replace(/\n$/, '').split('\n');
  const hidden = Math.max(0, lines.length - OUTPUT_LINES);
  return html`<div class="item-output">
    ${hidden > 0 && html`<p class="item-muted">${say.outputCut(hidden)}</p>`}
    <pre ref=${place} class="item-pre" tabindex="0" role="group" aria-label=${say.output(revealedLine(call.tool))}>${lines.slice(-OUTPUT_LINES).join('\n')}</pre>
  </div>`;
}

/** What became of questions about this call. @param {{item: any, conversation: any}} props */
function Resolutions({ item, conversation }) {
  const all = conversation.resolved?.value;
  const own = all ? [...all].filter(([, { approval }]) => approval?.item === item.id) : [];
  return own.map(([id, resolved]) => h(ResolvedLine, { key: id, id, resolved }));
}

/** A child agent: what it does, and its transcript. @param {{item: any, live?: any}} props */
function AgentRow({ item, live }) {
  const [isOpen, setOpen] = useState(false);
  const agent = live?.agents?.value?.at(-1);
  const name = revealedLine(agent?.name ?? item.body.arguments?.agent ?? item.body.tool);
  const said = agent
    ? [say.agent.step(agent.step), agent.calls > 0 && say.agent.calls(agent.calls), agent.tool && revealedLine(agent.tool),
        say.agent.tokens(tokens(agent.tokens)), duration(agent.elapsed_ms)].filter(Boolean)
    : [];
  return html`<div class="item-agent">
    <button type="button" class="item-agent-line" aria-expanded=${String(isOpen)} onClick=${() => setOpen(!isOpen)}>
      ${h(Icon, { name: isOpen ? 'down' : 'right' })}<span>${say.agent.row(name)}</span>
      <span class="item-muted">${said.join(' · ')}</span><span class="item-agent-open">${say.agent.open}</span>
    </button>
    ${isOpen && h(Lazy, { part: 'Transcript', props: { child: item.body.child, name } })}
  </div>`;
}

/** @param {{item: any, conversation?: any}} props */
function Details(props) {
  return h(Lazy, { part: 'ToolDetails', props });
}

/** A part of `tool-details.js`, once it is there. @param {{part: string, props: object}} props */
function Lazy({ part, props }) {
  const [state, setState] = useState(details.module ? 'ready' : 'loading');
  const load = () => {
    setState('loading');
    details.load().then(() => setState('ready'), () => setState('failed'));
  };
  useEffect(() => {
    if (!details.module) load();
  }, []);
  if (state === 'ready') return h(details.module[part], props);
  if (state === 'loading') return html`<p class="item-muted">${say.loading}</p>`;
  return html`<p class="item-tool-error">${say.loadFailed} <button type="button" class="button item-small" onClick=${load}>${say.again}</button></p>`;
}

/** Calls of one tool in one line, that opens to a line each. @param {{items: any[], conversation?: any}} props */
function ToolGroup({ items, conversation }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const [first] = items;
  const wall = items.reduce((sum, { body }) => sum + (body.meter?.wall_us ?? 0), 0);
  const subjects = [...new Set(items.map(({ body }) => subject(body)).filter(Boolean))];
  return html`<section class="item-tool" data-testid="tool-group" data-id=${first.id}>
    <button type="button" class="item-tool-line" aria-expanded=${String(isOpen)} aria-controls=${isOpen ? id : undefined} onClick=${() => setOpen(!isOpen)}>
      <span class="item-tool-fold">${h(Icon, { name: 'right' })}</span>
      <span class=${`item-tier is-${first.body.tier}`} title=${words.tiers[first.body.tier]}>${TIER_SIGNS[first.body.tier]}<span class="hidden-text"> ${words.tiers[first.body.tier]} </span></span>
      <span class="item-tool-name">${revealedLine(first.body.tool)} ${say.times(items.length)}</span>
      <span class="item-tool-about">${subjects.join(', ')}</span>
      <span class="item-muted">${duration(wall / 1000)}</span>
      <span class="item-status is-completed"><span aria-hidden="true">✓</span><span class="hidden-text"> ${say.status.completed}</span></span>
    </button>
    ${isOpen && html`<div id=${id} class="item-group">${items.map((item) => h(ToolCard, { key: item.id, item, conversation }))}</div>`}
  </section>`;
}

/** Arguments that the model is writing. @param {{conversation: any}} props */
function Drafts({ conversation }) {
  return conversation.drafts.value.map(({ index, tool, text }) => html`<p key=${index} class="item-draft item-muted">
    <span class="item-spinner" aria-hidden="true"></span> ${say.writing(revealedLine(tool || '…'), text.length)}</p>`);
}

export { Drafts, ToolCard, ToolGroup };
