/** Browsers that are signed in: this one marked, each can be signed out. */
import { html, h } from '../../lib/dom.js';
import { del, get } from '../../lib/api.js';
import { confirm } from '../../lib/dialog.js';
import { ago, dateTime } from '../../lib/format.js';
import { forget } from '../../lib/session.js';
import { words } from '../../strings/manage.js';
import { Badge, Loaded, Part, ProblemNote, Prose, Table, useFacts, useRead, useWork } from './common.js';

const said = words.sessions;

/** The page's content. */
export function Sessions() {
  const read = useRead(() => get('/api/sessions'), []);
  useFacts(['session'], read.reload);
  return html`
    ${h(Loaded, { read, children: (data) => h(List, { data, reload: read.reload }) })}
    ${h(Part, { id: 'sessions-password', title: said.passwordTitle, children: html`
      <p>${h(Prose, { text: said.password })}</p><pre class="manage-code" tabindex="0">${said.passwordCommand}</pre>
      <p class="manage-help">${h(Prose, { text: said.passwordHelp })}</p>` })}
  `;
}

function List({ data, reload }) {
  const work = useWork();
  const sessions = data;
  const isOwn = (session) => session.is_current;
  const end = async (session) => {
    const isSure = await confirm({ title: isOwn(session) ? said.endOwnTitle : said.endTitle, text: isOwn(session) ? said.endOwnText : session.label, action: said.end, isDanger: true });
    if (!isSure) return;
    await work.run(async () => {
      await del(isOwn(session) ? '/api/session' : `/api/sessions/${session.id}`);
      if (isOwn(session)) forget();
      else await reload();
    }, said.ended);
  };
  const endAll = async () => {
    const isSure = await confirm({ title: said.endAllTitle, text: said.endAllText, action: said.endAll, isDanger: true });
    if (!isSure) return;
    await work.run(async () => {
      await del('/api/sessions');
      forget();
    });
  };
  return h(Part, {
    id: 'sessions-list', title: said.title, intro: said.intro,
    actions: html`<button type="button" class="button button-danger" disabled=${work.isBusy} onClick=${endAll}>${said.endAll}</button>`,
    children: html`
      ${h(ProblemNote, { problem: work.problem })}
      ${h(Table, {
        caption: said.title, heads: [said.browser, said.how, said.opened, said.used, said.ends, { name: said.actions, isHidden: true }],
        children: sessions.map((session) => html`<tr key=${session.id} data-testid="session" data-current=${String(isOwn(session))}>
          <th scope="row">${session.label || said.unnamed} ${isOwn(session) ? h(Badge, { kind: 'ok', sign: '●', children: said.own }) : null}</th>
          <td>${said.ways[session.how] ?? session.how}</td>
          <td>${dateTime(session.opened_at)}</td>
          <td>${ago(session.used_at)}</td>
          <td>${dateTime(session.ends_at)}</td>
          <td><button type="button" class="button" disabled=${work.isBusy} onClick=${() => end(session)} aria-label=${said.endNamed(session.label || said.unnamed)}>${said.end}</button></td>
        </tr>`),
      })}
    `,
  });
}
