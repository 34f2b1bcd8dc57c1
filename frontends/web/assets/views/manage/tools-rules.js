/** What goes ahead without asking: rules kept for good, those of the settings, and the grants of modules. */
import { html, h } from '../../lib/dom.js';
import { get, op } from '../../lib/api.js';
import { confirm } from '../../lib/dialog.js';
import { ago, date, dateTime } from '../../lib/format.js';
import { words } from '../../strings/manage.js';
import { Empty, Link, Loaded, Part, ProblemNote, Table, useFacts, useRead, useWork } from './common.js';
import { reachWords } from './tools-grants.js';

const said = words.rules;
const FROM_CONFIG = { 'safety.allowed_tools': 'allow', 'safety.denied_tools': 'deny' };

/** The tab. */
export function Rules() {
  const read = useRead(load, []);
  useFacts(['rule', 'module', 'setting'], read.reload);
  return h(Loaded, { read, children: (data) => html`${h(Kept, { data, reload: read.reload })}${h(Grants, { data, reload: read.reload })}` });
}

async function load() {
  const [rules, grants, config] = await Promise.all([get('/api/rules'), get('/api/grants'), get('/api/config')]);
  const fixed = config.settings
    .filter((setting) => FROM_CONFIG[setting.key])
    .flatMap((setting) => (setting.value ?? []).map((rule) => ({ rule, setting, sort: FROM_CONFIG[setting.key] })));
  return { rules, grants, fixed };
}

function Kept({ data, reload }) {
  const work = useWork();
  const revoke = async (rule) => {
    const isSure = await confirm({ title: said.revokeTitle, text: said.revokeText(rule.rule), action: said.revoke, isDanger: true });
    if (!isSure) return;
    await work.run(async () => {
      await op('rule', { verb: 'revoke', rule: rule.rule, workspace: rule.workspace ?? null });
      await reload();
    }, said.revoked);
  };
  const isEmpty = data.rules.length + data.fixed.length === 0;
  return h(Part, {
    id: 'rules-kept', title: said.title, intro: said.intro,
    children: html`
      ${h(ProblemNote, { problem: work.problem })}
      ${isEmpty ? h(Empty, { text: said.empty }) : h(Table, {
        caption: said.caption,
        heads: [said.rule, said.effect, said.where, said.origin, said.used, said.ends, { name: said.actions, isHidden: true }],
        children: [
          ...data.rules.map((rule) => html`<tr key=${`${rule.rule} ${rule.workspace}`} data-testid="rule">
            <th scope="row"><code>${rule.rule}</code></th><td>${said.allow}</td>
            <td>${rule.workspace ?? words.common.everywhere}</td>
            <td>${said.answered(date(rule.created_at))}</td>
            <td>${rule.used_at ? html`<span title=${dateTime(rule.used_at)}>${said.usedAgo(ago(rule.used_at))}</span>` : words.common.never}</td>
            <td>${rule.expires_at ? dateTime(rule.expires_at) : words.common.never}</td>
            <td><div class="manage-actions">
              ${h(Link, { href: `/audit?action=decision&tool=${encodeURIComponent(toolOf(rule.rule))}`, children: said.inAudit, label: said.inAuditNamed(rule.rule) })}
              <button type="button" class="button" disabled=${work.isBusy} onClick=${() => revoke(rule)} aria-label=${said.revokeNamed(rule.rule)}>${said.revoke}</button>
            </div></td>
          </tr>`),
          ...data.fixed.map(({ rule, setting, sort }) => html`<tr key=${`${sort} ${rule}`}>
            <th scope="row"><code>${rule}</code></th><td>${said[sort]}</td><td>${words.common.everywhere}</td>
            <td>${said.config(setting)}</td><td>${said.notCounted}</td><td>${words.common.never}</td>
            <td>${h(Link, { href: `/settings/safety#${setting.key}`, children: said.inSettings, label: said.inSettingsNamed(rule) })}</td>
          </tr>`),
        ],
      })}
    `,
  });
}

/** @param {string} rule */
function toolOf(rule) {
  return rule.split(':')[0];
}

function Grants({ data, reload }) {
  const work = useWork();
  const revoke = (grant) => work.run(async () => {
    await op('module', { verb: 'revoke', module: grant.module, capability: grant.capability });
    await reload();
  }, said.revoked);
  return h(Part, {
    id: 'rules-grants', title: said.grantsTitle, intro: said.grantsIntro,
    children: html`
      ${h(ProblemNote, { problem: work.problem })}
      ${data.grants.length === 0 ? h(Empty, { text: said.noGrants }) : h(Table, {
        caption: said.grantsCaption,
        heads: [said.module, said.power, said.reach, said.binary, { name: said.actions, isHidden: true }],
        children: data.grants.map((grant, at) => html`<tr key=${at}>
          <th scope="row">${grant.module}</th><td>${words.grants.capabilities[grant.capability]}</td><td>${reachWords(grant)}</td>
          <td><code>${grant.hash.slice(0, 12)}</code></td>
          <td><button type="button" class="button" disabled=${work.isBusy} onClick=${() => revoke(grant)}
            aria-label=${words.grants.revokeNamed(words.grants.capabilities[grant.capability], grant.module)}>${said.revoke}</button></td>
        </tr>`),
      })}
    `,
  });
}
