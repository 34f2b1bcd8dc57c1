/** What a module asks for against what it was granted, and granting it: how far, where, until when, for how many calls. */
import { html, h, useState } from '../../lib/dom.js';
import { op, problemOf } from '../../lib/api.js';
import { Dialog, openLayer } from '../../lib/dialog.js';
import { dateTime } from '../../lib/format.js';
import { words } from '../../strings/manage.js';
import { Badge, Choices, Field, ProblemNote, Table, useWork } from './common.js';

const said = words.grants;
const DAY = 86_400_000;
const TIERS = {
  files_read: 'read', canvas: 'read', ask: 'read', store: 'read', skills: 'read', catalog: 'read',
  files_write: 'write', process: 'execute', agents: 'execute', fetch: 'execute', secrets: 'execute',
};
/** What bounds a capability: the part of the reach, and the words of its field. */
const REACHES = {
  files_read: { part: 'folders', label: said.foldersLabel, help: said.foldersHelp },
  files_write: { part: 'folders', label: said.foldersLabel, help: said.foldersHelp },
  process: { part: 'commands', label: said.commandsLabel, help: said.commandsHelp },
  fetch: { part: 'hosts', label: said.hostsLabel, help: said.hostsHelp },
  secrets: { part: 'secrets', label: said.secretsLabel, help: said.secretsHelp },
};

/** Requested and granted, a row for each capability. */
export function GrantTable({ module, grants, workspace, reload }) {
  const work = useWork();
  const isBuiltIn = module.origin === 'built_in';
  const revoke = (capability) => work.run(async () => {
    await op('module', { verb: 'revoke', module: module.id, capability });
    await reload();
  }, said.revoked);
  const grant = async (capability) => {
    const isDone = await openLayer((close) => h(GrantForm, { module, capability, workspace, close }));
    if (isDone) await reload();
  };
  const heads = [said.capability, said.requested, said.granted, ...(isBuiltIn ? [] : [{ name: said.actions, isHidden: true }])];
  return html`
    ${h(ProblemNote, { problem: work.problem })}
    ${h(Table, {
      caption: said.caption(module.id), heads,
      children: module.requested.map((capability) => {
        const isGranted = module.granted.includes(capability);
        const own = grants.filter((one) => one.capability === capability);
        return html`<tr key=${capability} data-testid="grant-row" data-capability=${capability} data-granted=${String(isGranted)}>
          <th scope="row">${said.capabilities[capability] ?? capability} ${h(Badge, { kind: `tier-${TIERS[capability]}`, children: words.tiers[TIERS[capability]] })}</th>
          <td>✓ <span>${said.yes}</span></td>
          <td>${isGranted ? h(Given, { own, isBuiltIn }) : h(NotGiven, { own })}</td>
          ${isBuiltIn ? null : html`<td><div class="manage-actions">
            <button type="button" class="button" disabled=${work.isBusy || module.state.state === 'failed'} onClick=${() => grant(capability)}
              aria-label=${said.grantNamed(said.capabilities[capability], module.id)}>${isGranted ? said.change : said.grant}</button>
            ${own.length > 0 ? html`<button type="button" class="button" disabled=${work.isBusy} onClick=${() => revoke(capability)}
              aria-label=${said.revokeNamed(said.capabilities[capability], module.id)}>${said.revoke}</button>` : null}
          </div></td>`}
        </tr>`;
      }),
    })}
  `;
}

function Given({ own, isBuiltIn }) {
  if (isBuiltIn) return said.inAdvance;
  return html`<ul class="manage-plain">${own.map((one) => html`<li>✓ ${reachWords(one)}</li>`)}</ul>`;
}

function NotGiven({ own }) {
  return html`<span class="manage-warn-text">✗ ${own.length > 0 ? said.ended : said.notGranted}</span>`;
}

/** A grant in words. @param {any} grant */
export function reachWords(grant) {
  const parts = [grant.where === 'everywhere' ? said.everywhere : said.inFolder(grant.workspace)];
  if (grant.reach?.folders?.length) parts.push(said.folders(grant.reach.folders.join(', ')));
  if (grant.reach?.commands?.length) parts.push(said.commands(grant.reach.commands.join(', ')));
  if (grant.reach?.hosts?.length) parts.push(said.hosts(grant.reach.hosts.join(', ')));
  if (grant.reach?.secrets?.length) parts.push(said.secrets(grant.reach.secrets.join(', ')));
  if (grant.expires_at) parts.push((grant.expires_at < Date.now() ? said.endedAt : said.until)(dateTime(grant.expires_at)));
  if (grant.calls !== undefined && grant.calls !== null) parts.push(said.calls(grant.calls));
  return parts.join(' · ');
}

/** The form that grants one capability to one exact binary. */
function GrantForm({ module, capability, workspace, close }) {
  const [place, setPlace] = useState('workspace');
  const [reach, setReach] = useState('');
  const [days, setDays] = useState('0');
  const [calls, setCalls] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const bound = REACHES[capability];
  const lines = reach.split('\n').map((line) => line.trim()).filter(Boolean);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const where = place === 'everywhere' ? { where: 'everywhere' } : { where: 'workspace', workspace };
    try {
      await op('module', {
        verb: 'grant', module: module.id, hash: module.hash, capability, ...where,
        reach: bound ? { [bound.part]: lines } : {},
        ...(days === '0' ? {} : { expires_at: Date.now() + Number(days) * DAY }),
        ...(calls === '' ? {} : { calls: Number(calls) }),
      });
      close(true);
    } catch (thrown) {
      setProblem(problemOf(thrown));
      setBusy(false);
    }
  };
  const places = [
    { value: 'workspace', label: said.here, help: workspace },
    { value: 'everywhere', label: said.everywhere },
  ];
  return h(Dialog, {
    title: said.grantTitle(module.id), onClose: () => close(false), testId: 'grant-dialog',
    children: html`<form class="manage-form" onSubmit=${submit}>
      <p>${said.grantText(module.id, said.capabilities[capability])}</p>
      <p class="manage-help">${said.exact}<br /><code class="manage-break">${module.hash}</code></p>
      ${h(Choices, { legend: said.place, name: 'grant-place', value: place, choices: places, onChange: setPlace })}
      ${bound
        ? h(Field, {
            id: 'grant-reach', label: bound.label, help: bound.help,
            children: (tie) => html`<textarea ...${tie} class="input" rows="3" spellcheck=${false} value=${reach} onInput=${(event) => setReach(event.target.value)}></textarea>`,
          })
        : null}
      ${h(Field, {
        id: 'grant-days', label: said.ends,
        children: (tie) => html`<select ...${tie} class="input" value=${days} onChange=${(event) => setDays(event.target.value)}>
          ${said.spans.map(([value, label]) => html`<option value=${value} selected=${value === days}>${label}</option>`)}
        </select>`,
      })}
      ${h(Field, {
        id: 'grant-calls', label: said.callsLabel, help: said.callsHelp,
        children: (tie) => html`<input ...${tie} class="input" type="number" min="1" step="1" value=${calls} onInput=${(event) => setCalls(event.target.value)} />`,
      })}
      ${h(ProblemNote, { problem })}
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${() => close(false)}>${words.common.cancel}</button>
        <button type="submit" class="button button-primary" disabled=${isBusy}>${said.grantNow}</button>
      </footer>
    </form>`,
  });
}
