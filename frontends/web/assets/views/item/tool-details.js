/** A call opened: its arguments, result, differences, resources, the raw item, and why it was allowed. */
import { get, problemOf } from '../../lib/api.js';
import { copyText } from '../../lib/copy.js';
import { openConversation } from '../../lib/conversation/conversation.js';
import { h, html, useEffect, useId, useMemo, useRef, useState } from '../../lib/dom.js';
import { clock, duration, number, size } from '../../lib/format.js';
import { link } from '../../lib/router.js';
import { toast } from '../../lib/toast.js';
import { isOver } from '../../lib/conversation/items.js';
import { words } from '../../strings/item.js';
import { resultText, Revealed, revealedLine, TIER_SIGNS } from './common.js';
import { Diff } from './diff.js';
import { ItemView, Picture } from './item.js';

const say = words.tool;
/** Characters of a result that are shown at first. */
const FIRST = 2000;
/** Items of a child's transcript that are shown beside its call. */
const MOST_ITEMS = 60;

const PANELS = { args: Args, result: Result, diff: Diffs, resources: Resources, raw: Raw, why: Why };

/** @param {{item: any, conversation?: any}} props */
function ToolDetails({ item }) {
  const call = item.body;
  const [chosen, setChosen] = useState(() => (call.result?.content?.some(({ type }) => type === 'diff') ? 'diff' : call.result ? 'result' : 'args'));
  const id = useId();
  const list = useRef(/** @type {HTMLElement|null} */ (null));
  const names = Object.keys(PANELS);
  const onKey = (event) => {
    const at = [...list.current.children].indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (to + names.length) % names.length;
    setChosen(names[next]);
    list.current.children[next].focus();
  };
  return html`<div class="item-tabs">
    <div ref=${list} class="item-tablist" role="tablist" aria-label=${say.tabsLabel(revealedLine(call.tool))} onKeyDown=${onKey}>
      ${names.map((name) => html`<button type="button" key=${name} class="item-tab" role="tab" id=${`${id}-${name}`} aria-selected=${String(name === chosen)}
        aria-controls=${name === chosen ? `${id}-panel` : undefined} tabindex=${name === chosen ? '0' : '-1'} onClick=${() => setChosen(name)}>${say.tabs[name]}</button>`)}
    </div>
    <div class="item-panel" role="tabpanel" id=${`${id}-panel`} aria-labelledby=${`${id}-${chosen}`} tabindex="0">
      ${h(PANELS[chosen], { item, key: chosen })}
    </div>
  </div>`;
}

/** Text in full length on demand. @param {{text: string}} props */
function LongText({ text }) {
  const [isWhole, setWhole] = useState(false);
  const isCut = !isWhole && text.length > FIRST;
  return html`<pre class="item-pre">${h(Revealed, { text: isCut ? text.slice(0, FIRST) : text })}${isCut && '…'}</pre>
    ${isCut && html`<button type="button" class="button item-small" onClick=${() => setWhole(true)}>${say.showAll(text.length)}</button>`}`;
}

/** @param {{item: any}} props */
function Args({ item }) {
  const given = item.body.arguments;
  if (!given || typeof given !== 'object' || Array.isArray(given)) return h(LongText, { text: typeof given === 'string' ? given : JSON.stringify(given, null, 2) });
  const pairs = Object.entries(given);
  if (pairs.length === 0) return html`<p class="item-muted">${say.noArguments}</p>`;
  return html`<dl class="item-pairs">${pairs.map(
    ([name, value]) => html`<div key=${name}><dt>${revealedLine(name)}</dt><dd>${h(LongText, { text: typeof value === 'string' ? value : JSON.stringify(value, null, 2) })}</dd></div>`,
  )}</dl>`;
}

/** @param {{item: any}} props */
function Result({ item }) {
  const { result } = item.body;
  if (!result) return html`<p class="item-muted">${say.noResult}</p>`;
  const pictures = result.content.filter(({ type }) => type === 'image');
  const text = resultText({ result: { content: result.content.filter(({ type }) => type !== 'image' && type !== 'diff') } });
  return html`${text && h(LongText, { text })}
    ${pictures.length > 0 && html`<div class="item-pictures">${pictures.map((image, at) => h(Picture, { key: at, image }))}</div>`}
    ${!text && pictures.length === 0 && html`<p class="item-muted">${say.emptyResult}</p>`}`;
}

/** @param {{item: any}} props */
function Diffs({ item }) {
  const diffs = (item.body.result?.content ?? []).filter(({ type }) => type === 'diff');
  if (diffs.length === 0) return html`<p class="item-muted">${say.noDiff}</p>`;
  return diffs.map(({ path, unified, added, removed }, at) => html`<div key=${at}>
    <p class="item-diff-head"><span class="item-path">${revealedLine(path)}</span> <span class="item-added">${say.added(added)}</span> <span class="item-removed">${say.removed(removed)}</span></p>
    ${h(Diff, { unified, path: revealedLine(path) })}
  </div>`);
}

/** @param {{item: any}} props */
function Resources({ item }) {
  const { meter, result } = item.body;
  if (!meter) return html`<p class="item-muted">${say.noMeter}</p>`;
  const time = (us) => duration(us / 1000);
  const exit = /\bexit (?:code|status)?:? ?(-?\d+)|\[exit (-?\d+)\]/i.exec(result ? resultText(item.body).slice(-400) : '');
  const rows = [
    ['wall', time(meter.wall_us)],
    ['cpu', time(meter.cpu_us)],
    ['memory', size(meter.peak_memory_bytes)],
    ['exit', exit && (exit[1] ?? exit[2])],
    ['processes', meter.processes > 0 && number(meter.processes)],
    ['processCpu', meter.processes > 0 && time(meter.process_cpu_us)],
    ['opened', meter.files_opened > 0 && number(meter.files_opened)],
    ['listed', meter.entries_listed > 0 && number(meter.entries_listed)],
    ['read', meter.bytes_read > 0 && size(meter.bytes_read)],
    ['written', meter.bytes_written > 0 && size(meter.bytes_written)],
    ['hosts', meter.hosts > 0 && number(meter.hosts)],
    ['sent', meter.bytes_sent > 0 && size(meter.bytes_sent)],
    ['received', meter.bytes_received > 0 && size(meter.bytes_received)],
    ['waited', meter.waited_us > 0 && time(meter.waited_us)],
  ].filter(([, value]) => value);
  return html`<dl class="item-meter">${rows.map(([name, value]) => html`<div key=${name}><dt>${say.meter[name]}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** @param {{item: any}} props */
function Raw({ item }) {
  const text = useMemo(() => JSON.stringify(item, null, 2), [item]);
  const copy = async () => {
    const did = await copyText(text);
    toast(did ? words.markdown.copied : words.markdown.copyFailed, { kind: did ? 'ok' : 'error' });
  };
  return html`${h(LongText, { text })}<button type="button" class="button item-small" onClick=${copy}>${say.copyRaw}</button>`;
}

/** What was decided about the call and what a person was asked. @param {{item: any}} props */
function Why({ item }) {
  const [hit, setHit] = useState(/** @type {any} */ (null));
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  useEffect(() => {
    // Ids are looked for by how they begin; without an answer, what the item itself says is shown.
    const own = (hits) => setHit(hits.find((one) => one.item.id === item.id) ?? { item });
    get(`/api/calls/${item.id}`).then(own, (error) => setProblem(problemOf(error)));
  }, [item.id, item.status]);
  if (problem) return html`<p class="item-tool-error">${problem.message}</p>`;
  if (!hit) return html`<p class="item-muted">${say.loading}</p>`;
  const decisions = hit.item.body.decisions ?? [];
  const asked = hit.asked ?? [];
  if (decisions.length + asked.length === 0) return html`<p class="item-muted">${say.why.none}</p>`;
  return html`<ol class="item-why">
    ${decisions.map((one, at) => h(Decision, { key: at, one }))}
    ${asked.map(({ approval, by, resolution, resolved_at: when }) => html`<li key=${approval.id}>
      <p>${say.why.asked}: <span class=${`item-tier is-${approval.tier}`}>${TIER_SIGNS[approval.tier]} ${words.tiers[approval.tier]}</span> ${revealedLine(approval.effect.summary)}</p>
      <p class="item-muted">${resolution ? `${resolutionText(resolution)} ${say.why.by(nameOf(by))}${when ? `, ${clock(when)}` : ''}` : say.why.open}</p>
    </li>`)}
  </ol>`;
}

/** @param {{one: any}} props */
function Decision({ one }) {
  return html`<li>
    <p><span class=${`item-tier is-${one.tier}`}>${TIER_SIGNS[one.tier]} ${words.tiers[one.tier]}</span> ${revealedLine(one.effect)}</p>
    <p class="item-muted">${resolutionText(one.resolution)} ${say.why.by(nameOf(one.by))}</p>
    ${one.rule && html`<p>${say.why.rule} <code>${revealedLine(one.rule)}</code></p>`}
    ${one.reasons?.length > 0 && html`<ul>${one.reasons.map((reason, at) => html`<li key=${at}>${revealedLine(reason)}</li>`)}</ul>`}
  </li>`;
}

/** @param {any} resolution */
function resolutionText({ resolution, scope, reason }) {
  if (resolution === 'allowed') return words.approval.allowed[scope];
  if (resolution === 'not_answered') return words.approval.notAnswered;
  return reason ? `${words.approval.denied} ${words.approval.reason(revealedLine(reason))}` : words.approval.denied;
}

/** @param {string} [by] */
function nameOf(by = '') {
  return say.why.names[by] ?? revealedLine(by);
}

/** What a child agent did, in its own conversation. @param {{child: string, name: string}} props */
function Transcript({ child, name }) {
  const [conversation, setConversation] = useState(/** @type {any} */ (null));
  useEffect(() => {
    const opened = openConversation(child);
    setConversation(opened);
    return () => opened.close();
  }, [child]);
  return html`<div class="item-transcript" role="group" aria-label=${say.agent.label(name)}>
    <p class="item-muted"><a ...${link(`/c/${child}`)}>${say.agent.page}</a></p>
    ${conversation && h(TranscriptItems, { conversation })}
  </div>`;
}

/** @param {{conversation: any}} props */
function TranscriptItems({ conversation }) {
  const state = conversation.state.value;
  const all = conversation.items.value;
  if (state === 'failed') return html`<p class="item-tool-error">${conversation.problem.value?.message ?? conversation.problem.value?.error}</p>`;
  if (all.length === 0) return html`<p class="item-muted">${state === 'ready' ? say.agent.empty : say.loading}</p>`;
  const shown = all.slice(-MOST_ITEMS);
  const isAll = shown.length === all.length && conversation.hasOlder.value === null;
  return html`${!isAll && html`<p class="item-muted">${say.agent.older(shown.length)}</p>`}
    ${shown.map((entry) => h(TranscriptItem, { key: entry.id, entry, conversation }))}`;
}

/** @param {{entry: any, conversation: any}} props */
function TranscriptItem({ entry, conversation }) {
  const item = entry.item.value;
  const isEmpty = isOver(item) && item.body.text === '';
  return isEmpty ? null : h(ItemView, { item, conversation, live: entry.live });
}

export { ToolDetails, Transcript };
