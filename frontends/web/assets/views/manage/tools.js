/** `/tools`: what the model can call, what each module may do, and what was allowed for good. */
import { html, h, useState } from '../../lib/dom.js';
import { get, op } from '../../lib/api.js';
import { start } from '../../lib/start.js';
import { words } from '../../strings/manage.js';
import { Empty, Loaded, Note, Page, Part, ProblemNote, Prose, useFacts, useRead, useWork, Ways } from './common.js';
import { Bundles } from './bundles.js';
import { Servers } from './servers.js';
import { Install } from './tools-install.js';
import { isWaiting, ModuleCard } from './tools-module.js';
import { Rules } from './tools-rules.js';

const said = words.tools;
const TABS = ['builtin', 'mcp', 'wasm', 'bundles', 'rules'];

/** The page. */
export default function Tools({ section }) {
  const tab = TABS.includes(section) ? section : 'builtin';
  const read = useRead(loadModules, []);
  useFacts(['module', 'workspace'], read.reload);
  const waiting = (read.data?.modules ?? []).filter(isWaiting).length;
  const ways = TABS.map((name) => ({
    href: `/tools/${name}`,
    name: said.tabs[name],
    isCurrent: name === tab,
    note: name === 'wasm' && waiting > 0 ? said.waiting(waiting) : '',
  }));
  ways.push({ href: '/audit?action=call', name: said.tabs.audit, isCurrent: false, note: '' });
  return h(Page, {
    title: said.title, intro: said.intro, testid: 'tools-page',
    children: html`${h(Ways, { label: said.ways, ways })}${h(Tab, { tab, read })}`,
  });
}

async function loadModules() {
  const { workspace } = start.value;
  const [modules, grants] = await Promise.all([get('/api/modules', { workspace }), get('/api/grants')]);
  return { modules, grants, workspace };
}

function Tab({ tab, read }) {
  if (tab === 'mcp') return h(Servers, {});
  if (tab === 'bundles') return h(Bundles, {});
  if (tab === 'rules') return h(Rules, {});
  return h(Modules, { isBuiltIn: tab === 'builtin', read });
}

function Modules({ isBuiltIn, read }) {
  const work = useWork();
  const [fresh, setFresh] = useState('');
  const reload = () => work.run(async () => {
    await op('module', { verb: 'reload' });
    await read.reload();
  }, said.reloaded);
  const actions = isBuiltIn
    ? null
    : html`<button type="button" class="button" disabled=${work.isBusy} onClick=${reload}>${said.reload}</button>`;
  const installed = async (/** @type {string} */ id) => {
    setFresh(id);
    await read.reload();
  };
  return h(Part, {
    id: 'tools-modules', title: isBuiltIn ? said.builtinTitle : said.wasmTitle, actions,
    intro: h(Prose, { text: isBuiltIn ? said.builtinIntro : said.wasmIntro }),
    children: html`
      ${h(ProblemNote, { problem: work.problem })}
      ${isBuiltIn ? null : h(Install, { known: read.data?.modules ?? [], onInstalled: installed })}
      ${h(Loaded, { read, children: (data) => h(List, { data, isBuiltIn, fresh, reload: read.reload }) })}
    `,
  });
}

function List({ data, isBuiltIn, fresh, reload }) {
  const modules = data.modules.filter((module) => (module.origin === 'built_in') === isBuiltIn);
  if (modules.length === 0) return h(Empty, { text: isBuiltIn ? said.noBuiltin : said.noWasm });
  const waiting = modules.filter(isWaiting);
  return html`
    ${waiting.length > 0 && !isBuiltIn
      ? h(Note, { kind: 'warn', children: html`<p>${said.review(waiting.map((module) => module.id).join(', '))}</p>` })
      : null}
    <ul class="manage-cards">
      ${modules.map((module) => html`<li key=${`${module.id} ${module.origin}`}>
        ${h(ModuleCard, {
          module, workspace: data.workspace, isFresh: module.id === fresh, reload,
          grants: data.grants.filter((grant) => grant.module === module.id && grant.hash === module.hash),
        })}
      </li>`)}
    </ul>
  `;
}
