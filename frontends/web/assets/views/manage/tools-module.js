/** One module as a card: how it is, its tools, what it was granted, how it was used, what can be done with it. */
import { html, h, useState } from '../../lib/dom.js';
import { get, op } from '../../lib/api.js';
import { confirm } from '../../lib/dialog.js';
import { ago, dateTime, duration, plural, size } from '../../lib/format.js';
import { words } from '../../strings/manage.js';
import { Badge, copyText, Link, Loaded, Note, ProblemNote, Prose, useRead, useWork } from './common.js';
import { GrantTable } from './tools-grants.js';

const said = words.tools;

/** Whether a module asks for something it was not granted. @param {any} module */
export function isWaiting(module) {
  if (module.origin === 'built_in' || module.state.state !== 'loaded') return false;
  return module.requested.some((capability) => !module.granted.includes(capability));
}

/** The card. */
export function ModuleCard({ module, workspace, grants, isFresh, reload }) {
  const work = useWork();
  const waiting = isWaiting(module);
  const isOff = module.state.state === 'disabled';
  const headId = `module-${module.id}`;
  return html`<article class=${`manage-card ${waiting ? 'manage-card-warn' : ''}`} aria-labelledby=${headId}
      data-testid="module" data-id=${module.id} data-state=${waiting ? 'paused' : module.state.state}>
    <header class="manage-card-head">
      <h3 id=${headId}>${module.id}</h3>
      ${h(State, { module, waiting })}
      <span class="manage-muted">${module.bundle ? said.ofBundle(module.bundle) : said.origins[module.origin]} · ${plural(module.tools.length, 'tool')} · ${size(module.size_bytes)}</span>
      ${h(Actions, { module, work, reload, isOff })}
    </header>
    ${isFresh && waiting ? h(Note, { children: html`<p>${said.freshlyInstalled}</p>` }) : null}
    ${h(ProblemNote, { problem: work.problem })}
    ${module.state.state === 'failed' ? h(ProblemNote, { problem: module.state.problem }) : null}
    ${waiting ? h(Review, { module }) : null}
    ${module.requested.length > 0 ? h(GrantTable, { module, grants, workspace, reload }) : html`<p class="manage-help">${said.asksNothing}</p>`}
    ${h(ToolList, { tools: module.tools })}
    ${h(More, { module })}
  </article>`;
}

function State({ module, waiting }) {
  if (waiting) {
    const isPartly = module.granted.length > 0;
    return h(Badge, { kind: 'warn', sign: '⚠', children: isPartly ? said.partly : said.paused });
  }
  const kind = { loaded: 'ok', failed: 'danger', disabled: 'muted' }[module.state.state];
  const sign = { loaded: '●', failed: '✗', disabled: '○' }[module.state.state];
  return h(Badge, { kind, sign, children: said.states[module.state.state] });
}

/** What is different from what was granted last, and what that means. */
function Review({ module }) {
  const differences = module.differences ?? [];
  return h(Note, {
    kind: 'warn',
    children: html`
      <p class="manage-note-title">${module.granted.length > 0 ? said.partlyText : said.pausedText}</p>
      ${differences.length > 0
        ? html`<p>${said.differs}</p><ul data-testid="differences">${differences.map((line) => html`<li>${h(Prose, { text: line })}</li>`)}</ul>`
        : null}
    `,
  });
}

function Actions({ module, work, reload, isOff }) {
  const set = (is_enabled) => work.run(async () => {
    await op('module', { verb: 'switch', module: module.id, is_enabled });
    await reload();
  }, is_enabled ? said.enabled(module.id) : said.disabled(module.id));
  const remove = async () => {
    const isSure = await confirm({ title: said.removeTitle(module.id), text: said.removeText, action: words.common.remove, isDanger: true });
    if (!isSure) return;
    await work.run(async () => {
      await op('module', { verb: 'remove', module: module.id });
      await reload();
    }, said.removed(module.id));
  };
  return html`<div class="manage-actions">
    <button type="button" class="button" disabled=${work.isBusy} onClick=${() => set(isOff)}
      aria-label=${isOff ? said.enableNamed(module.id) : said.disableNamed(module.id)}>${isOff ? said.enable : said.disable}</button>
    ${module.origin === 'user'
      ? html`<button type="button" class="button" disabled=${work.isBusy} onClick=${remove} aria-label=${said.removeNamed(module.id)}>${words.common.remove}</button>`
      : null}
  </div>`;
}

function ToolList({ tools }) {
  if (tools.length === 0) return null;
  return html`<details class="manage-details">
    <summary>${said.toolsHead(tools.length)}</summary>
    <ul class="manage-plain">
      ${tools.map((tool) => html`<li key=${tool.name} class="manage-tool">
        <p><code>${tool.name}</code> ${h(Badge, { kind: `tier-${tool.tier}`, children: words.tiers[tool.tier] })}</p>
        <p class="manage-pre">${tool.description}</p>
        <details class="manage-details"><summary>${said.schema}<span class="hidden-text"> ${tool.name}</span></summary>
          <pre class="manage-code" tabindex="0">${JSON.stringify(tool.input_schema, null, 2)}</pre></details>
      </li>`)}
    </ul>
  </details>`;
}

function More({ module }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details class="manage-details" onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${said.more}</summary>
    <dl class="manage-facts">
      <div><dt>${said.hash}</dt><dd><code class="manage-break">${module.hash}</code>
        <button type="button" class="button" onClick=${() => copyText(module.hash)} aria-label=${said.copyHash}>${words.common.copy}</button></dd></div>
      ${module.path ? html`<div><dt>${said.file}</dt><dd><code class="manage-break">${module.path}</code></dd></div>` : null}
    </dl>
    ${isOpen ? h(Use, { module }) : null}
  </details>`;
}

/** How its tools were used, as the audit log has it. */
function Use({ module }) {
  const names = module.tools.map((tool) => tool.name);
  const read = useRead(async () => {
    const pages = await Promise.all(names.map((tool) => get('/api/audit', { tool, action: 'call', limit: 100 })));
    return pages.map((page, at) => sum(names[at], page));
  }, [names.join(' ')]);
  return h(Loaded, {
    read,
    children: (rows) => html`<h4>${said.use}</h4>
      ${rows.every((row) => row.calls === 0) ? html`<p class="manage-help">${said.unused}</p>` : null}
      <ul class="manage-plain">${rows.filter((row) => row.calls > 0).map((row) => html`<li key=${row.tool}>
        <code>${row.tool}</code> ${said.used(row)}${' '}
        ${h(Link, { href: `/audit?action=call&tool=${encodeURIComponent(row.tool)}`, children: said.inAudit, label: said.inAuditNamed(row.tool) })}
      </li>`)}</ul>`,
  });
}

/** @param {string} tool @param {{entries: any[], before?: string}} page */
function sum(tool, page) {
  const walls = page.entries.map((record) => record.meter?.wall_us ?? 0).sort((a, b) => a - b);
  const last = page.entries[0]?.at ?? 0;
  return {
    tool,
    calls: page.entries.length,
    isMore: Boolean(page.before),
    failed: page.entries.filter((record) => record.verdict !== 'completed').length,
    median: duration((walls[Math.floor(walls.length / 2)] ?? 0) / 1000),
    peak: size(Math.max(0, ...page.entries.map((record) => record.meter?.peak_memory_bytes ?? 0))),
    last: last ? ago(last) : '',
    lastFull: last ? dateTime(last) : '',
  };
}
