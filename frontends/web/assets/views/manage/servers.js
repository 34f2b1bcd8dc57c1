/** `/tools/mcp`: MCP servers, how each is doing, what is to be decided about it. */
import { html, h, useEffect, useRef, useState } from '../../lib/dom.js';
import { get, op, serverNow } from '../../lib/api.js';
import { confirm } from '../../lib/dialog.js';
import { follow } from '../../lib/live.js';
import { start } from '../../lib/start.js';
import { words as said } from '../../strings/manage-servers.js';
import { Badge, Empty, Loaded, Part, ProblemNote, Prose, useFacts, useRead, useWork } from './common.js';
import { AddServer } from './servers-add.js';
import { useKeptFocus } from './keep-focus.js';
import { Lent, useLent } from './servers-lent.js';
import { asked, Differences, Reached } from './servers-shown.js';
import { ServerTools, isHeld } from './servers-tools.js';

/** While one is being connected it is looked at again after so long, milliseconds: that is no fact yet. */
const LOOK = 500;
/** How long the address to sign in at may take, milliseconds. */
const PATIENCE = 30_000;
const LOOKS = {
  ready: ['ok', '●'], failed: ['danger', '✗'], needs_approval: ['warn', '⚠'], needs_sign_in: ['warn', '⚠'],
  connecting: ['muted', '◌'], disconnected: ['muted', '○'], disabled: ['muted', '○'],
};

/** The part of the page. */
export function Servers() {
  const [isNew, setNew] = useState(false);
  const add = useRef(/** @type {HTMLButtonElement|null} */ (null));
  const read = useRead(() => get('/api/mcp', { workspace: start.value.workspace }), []);
  useFacts(['mcp', 'setting', 'workspace'], read.reload);
  const isUnderWay = (read.data ?? []).some((/** @type {any} */ server) => server.state.state === 'connecting');
  useEffect(() => {
    if (!isUnderWay) return;
    const timer = setInterval(read.reload, LOOK);
    return () => clearInterval(timer);
  }, [isUnderWay]);
  const wasNew = useRef(false);
  useEffect(() => {
    // Whoever is done with the form goes on where they began.
    if (wasNew.current && !isNew && document.activeElement === document.body) add.current?.focus();
    wasNew.current = isNew;
  }, [isNew]);
  const made = async () => {
    setNew(false);
    await read.reload();
  };
  const actions = html`<button ref=${add} type="button" class="button button-primary" disabled=${isNew} onClick=${() => setNew(true)}>${said.create}</button>`;
  return h(Part, {
    id: 'tools-mcp', title: said.title, intro: said.intro, actions,
    children: html`
      ${isNew ? h(AddServer, { made, cancel: () => setNew(false) }) : null}
      ${h(Loaded, { read, children: (servers) => h(List, { servers, reload: read.reload, leave: () => add.current?.focus() }) })}
    `,
  });
}

function List({ servers, reload, leave }) {
  const lent = useLent(servers, start.value.workspace);
  if (servers.length === 0) return h(Empty, { text: said.none });
  return html`<ul class="manage-cards" data-testid="mcp-servers">
    ${servers.map((server) => html`<li key=${`${server.name} ${server.workspace ?? ''}`}>${h(Card, { server, lent, reload, leave })}</li>`)}
  </ul>`;
}

function Card({ server, lent, reload, leave }) {
  const work = useWork();
  const card = useKeptFocus();
  const { name, state } = server;
  const id = `mcp-${name}`;
  const [kind, sign] = LOOKS[state.state];
  const held = server.tools.filter(isHeld).length;
  const offered = server.tools.filter((/** @type {any} */ tool) => tool.state.offer === 'offered').length;
  const isReady = state.state === 'ready';
  const facts = [
    said.transports[server.transport.transport],
    isReady && said.tools(offered),
    held > 0 && said.held(held),
    server.calls > 0 && said.calls(server.calls),
    server.trust === 'trusted' && said.trusted,
    server.workspace && said.ofProject,
    server.bundle && said.ofBundle(server.bundle),
  ];
  const isWaiting = kind === 'warn' || held > 0;
  return html`<article ref=${card} tabindex="-1" class=${`manage-card ${isWaiting ? 'manage-card-warn' : ''}`} aria-labelledby=${id} data-testid="mcp-server" data-name=${name} data-state=${state.state}>
    <header class="manage-card-head">
      <h3 id=${id}>${name}</h3>
      ${h(Badge, { kind, sign, children: said.states[state.state] })}
      <span class="manage-muted">${facts.filter(Boolean).join(' · ')}</span>
      ${h(Actions, { server, work, reload, leave })}
    </header>
    ${h(ProblemNote, { problem: work.problem })}
    ${said.stateHelp[state.state] ? html`<p class="manage-help">${said.stateHelp[state.state]}</p>` : null}
    ${state.state === 'failed' ? h(Failed, { state }) : null}
    ${server.last_error && state.state !== 'failed' ? html`<p class="manage-help">${said.last}: <bdi>${h(Prose, { text: server.last_error })}</bdi></p>` : null}
    ${h(Differences, { server })}
    ${h(ServerTools, { server, reload })}
    ${isReady ? h(Lent, { name, lent }) : null}
    ${h(Log, { name })}
    <details class="manage-details"><summary>${server.transport.transport === 'stdio' ? said.details : said.detailsFar}<span class="hidden-text"> ${name}</span></summary>
      ${h(Reached, { server })}
      ${h(Itself, { server })}
      ${h(Sampling, { server, work, reload })}
    </details>
  </article>`;
}

function Failed({ state }) {
  const { problem, next_try: next } = state;
  const seconds = next ? Math.max(0, Math.round((next - serverNow()) / 1000)) : null;
  return html`${h(ProblemNote, { problem })}${seconds === null ? null : html`<p class="manage-help">${said.nextTry(seconds)}</p>`}`;
}

function Itself({ server }) {
  if (!server.title && !server.protocol) return null;
  return html`<dl class="manage-facts">
    ${server.title ? html`<div><dt>${said.itself}</dt><dd><bdi>${server.title}</bdi></dd></div>` : null}
    ${server.protocol ? html`<div><dt>${said.protocol}</dt><dd><code>${server.protocol}</code></dd></div>` : null}
  </dl>`;
}

function Actions({ server, work, reload, leave }) {
  const { name, state } = server;
  const wish = (/** @type {object} */ what, /** @type {string} */ done) => work.run(async () => {
    await op('mcp', { server: name, ...what });
    await reload();
  }, done);
  const approve = async () => {
    const isProgram = server.transport.transport === 'stdio';
    const [title, action] = isProgram ? [said.approveTitle(name), said.approveYes] : [said.approveFarTitle(name), said.approveFarYes];
    if (await confirm({ title, text: asked(server), action })) {
      await wish({ verb: 'approve', hash: server.hash }, said.approved(name));
    }
  };
  const signIn = () => work.run(async () => {
    const address = addressTold(name);
    await op('mcp', { verb: 'sign_in', server: name }).catch((error) => {
      address.stop();
      throw error;
    });
    const url = await address.url;
    if (url) await showSignIn(name, url);
    await reload();
  });
  const remove = async () => {
    const isSure = await confirm({ title: said.removeTitle(name), text: said.removeText, action: said.remove, isDanger: true });
    if (!isSure) return;
    await wish({ verb: 'remove' }, said.removed(name));
    leave();
  };
  const button = (/** @type {string} */ verb) => html`<button type="button" class="button" disabled=${work.isBusy} aria-label=${said.named(said[verb], name)}
    onClick=${() => wish({ verb }, said.did[verb](name))}>${said[verb]}</button>`;
  const isOn = ['ready', 'connecting', 'failed'].includes(state.state);
  return html`<div class="manage-actions">
    ${state.state === 'needs_approval' ? html`<button type="button" class="button button-primary" disabled=${work.isBusy} onClick=${approve} aria-label=${said.approveNamed(name)}>${said.approve}</button>` : null}
    ${state.state === 'needs_sign_in' ? html`<button type="button" class="button button-primary" disabled=${work.isBusy} onClick=${signIn} aria-label=${said.signInTitle(name)}>${said.signIn}</button>` : null}
    ${state.state === 'disconnected' ? button('connect') : null}
    ${isOn ? html`${button('restart')} ${button('disconnect')}` : null}
    ${server.workspace || server.bundle ? null : html`<button type="button" class="button" disabled=${work.isBusy} onClick=${remove} aria-label=${said.named(said.remove, name)}>${said.remove}</button>`}
  </div>`;
}

/** Where to sign in, once that is told. @param {string} name */
function addressTold(name) {
  let stop = () => {};
  const url = new Promise((/** @type {(url: string|null) => void} */ resolve) => {
    const end = follow('host', {
      signals(list) {
        for (const { signal, envelope } of list) {
          const told = signal === 'event' && envelope.event.noun === 'mcp' ? envelope.event.event : null;
          const url = told?.verb === 'changed' && told.server.name === name ? told.server.state.url : null;
          if (url) return done(url);
        }
      },
    });
    const timer = setTimeout(() => done(null), PATIENCE);
    const done = (/** @type {string|null} */ told) => {
      clearTimeout(timer);
      end();
      resolve(told);
    };
    stop = () => done(null);
  });
  return { url, stop: () => stop() };
}

/** The address is the server's word: only a web page is opened, and only by the person. */
async function showSignIn(/** @type {string} */ name, /** @type {string} */ url) {
  const isPage = /^https?:\/\//i.test(url);
  const text = html`<p>${isPage ? said.signInText : said.signInOdd}</p><p><code class="manage-break">${url}</code></p>`;
  const isYes = await confirm({ title: said.signInTitle(name), text, action: isPage ? said.signInOpen : undefined });
  if (isYes && isPage) open(url, '_blank', 'noopener,noreferrer');
}

function Sampling({ server, work, reload }) {
  const id = `mcp-sampling-${server.name}`;
  const set = (/** @type {any} */ event) => {
    const is_allowed = event.currentTarget.checked;
    void work.run(async () => {
      await op('mcp', { verb: 'allow_sampling', server: server.name, is_allowed });
      await reload();
    }, is_allowed ? said.samplingOn(server.name) : said.samplingOff(server.name));
  };
  return html`<p><label class="manage-choice"><input type="checkbox" checked=${server.is_sampling_allowed} disabled=${work.isBusy} onChange=${set} aria-describedby=${id} /> <span>${said.sampling}</span></label></p>
    <p class="manage-help" id=${id}>${said.samplingHelp}</p>`;
}

function Log({ name }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details class="manage-details" data-testid="mcp-log" onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
    <summary>${said.log}<span class="hidden-text"> ${name}</span></summary>
    ${isOpen ? h(Lines, { name }) : null}
  </details>`;
}

function Lines({ name }) {
  const read = useRead(() => get(`/api/mcp/${encodeURIComponent(name)}/log`), [name]);
  useFacts(['mcp'], read.reload);
  return html`
    ${h(Loaded, { read, children: (lines) => (lines.length === 0 ? html`<p class="manage-help">${said.logEmpty}</p>` : html`<pre class="manage-code" tabindex="0" aria-label=${said.logOf(name)} role="region">${lines.join('\n')}</pre>`) })}
    <p><button type="button" class="button" onClick=${read.reload}>${said.again}</button></p>`;
}
