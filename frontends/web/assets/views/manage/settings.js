/** `/settings/:section`: the settings of the host, and the pages around them. */
import { html, h, useEffect, useState } from '../../lib/dom.js';
import { problemOf } from '../../lib/api.js';
import { go } from '../../lib/router.js';
import { words } from '../../strings/manage.js';
import { Bars, Link, Page, ProblemNote } from './common.js';

const said = words.settings;

/** What is a page of its own; it is loaded when it is opened. */
const PAGES = {
  connection: async () => (await import('./connection.js')).ConnectionSection,
  appearance: async () => (await import('./appearance.js')).Appearance,
  sessions: async () => (await import('./sessions.js')).Sessions,
  projects: async () => (await import('./projects.js')).Projects,
  folders: async () => (await import('./folders.js')).Folders,
  tags: async () => (await import('./tags.js')).Tags,
  trust: async () => (await import('./trust.js')).Trust,
  databases: async () => (await import('./databases.js')).Databases,
  identity: async () => (await import('./identity.js')).Identity,
};
const section = async () => (await import('./settings-section.js')).SettingSection;
/** The others are sections of the config file. */
const NAMES = said.groups.flatMap(([, members]) => members);

/** The page. */
export default function Settings({ section: asked = 'connection' }) {
  const name = NAMES.includes(asked) ? asked : 'all';
  return h(Page, {
    title: said.sections[name], intro: said.intros[name], testid: 'settings-page',
    children: html`<div class="manage-split">
      ${h(SectionList, { current: name })}
      <div class="manage-content">${h(Section, { key: name, name })}</div>
    </div>`,
  });
}

function Section({ name }) {
  const [state, setState] = useState({ view: null, problem: null });
  const load = () => {
    setState({ view: null, problem: null });
    (PAGES[name] ?? section)().then(
      (view) => setState({ view, problem: null }),
      (thrown) => setState({ view: null, problem: problemOf(thrown) }),
    );
  };
  useEffect(load, [name]);
  if (state.problem) return h(ProblemNote, { problem: state.problem, onRetry: load });
  return state.view ? h(state.view, { section: name }) : h(Bars, {});
}

function SectionList({ current }) {
  return html`
    <nav class="manage-sections" aria-label=${said.sectionList}>
      ${said.groups.map(([title, members]) => html`<h2 class="manage-group">${title}</h2><ul>
        ${members.map((name) => html`<li key=${name}>${h(Link, { href: `/settings/${name}`, current: name === current, children: said.sections[name] })}</li>`)}
      </ul>`)}
      <ul><li>${h(Link, { href: '/doctor', children: words.doctor.title })}</li></ul>
    </nav>
    <div class="manage-section-choice">
      <label for="settings-section">${said.section}</label>
      <select id="settings-section" class="input" value=${current} onChange=${(event) => go(`/settings/${event.target.value}`)}>
        ${NAMES.map((name) => html`<option key=${name} value=${name} selected=${name === current}>${said.sections[name]}</option>`)}
      </select>
      ${h(Link, { href: '/doctor', children: words.doctor.title })}
    </div>
  `;
}
