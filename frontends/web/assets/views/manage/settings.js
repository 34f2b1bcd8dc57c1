/** `/settings/:section`: the settings of the host, and the pages around them. */
import { html, h } from '../../lib/dom.js';
import { go } from '../../lib/router.js';
import { words } from '../../strings/manage.js';
import { Appearance } from './appearance.js';
import { Link, Page } from './common.js';
import { ConnectionSection } from './connection.js';
import { Databases } from './databases.js';
import { Folders } from './folders.js';
import { Identity } from './identity.js';
import { Projects } from './projects.js';
import { Sessions } from './sessions.js';
import { SettingSection } from './settings-section.js';
import { Tags } from './tags.js';
import { Trust } from './trust.js';

const said = words.settings;

/** Pages of their own, and sections of the config file. */
const SECTIONS = {
  connection: ConnectionSection,
  appearance: Appearance,
  sessions: Sessions,
  projects: Projects,
  folders: Folders,
  tags: Tags,
  trust: Trust,
  databases: Databases,
  identity: Identity,
  ai: null,
  safety: null,
  budget: null,
  tools: null,
  cli: null,
  data: null,
  app: null,
  all: null,
};

/** The page. */
export default function Settings({ section = 'connection' }) {
  const name = Object.hasOwn(SECTIONS, section) ? section : 'all';
  const view = SECTIONS[name];
  return h(Page, {
    title: said.sections[name], intro: said.intros[name], testid: 'settings-page',
    children: html`<div class="manage-split">
      ${h(SectionList, { current: name })}
      <div class="manage-content">${view ? h(view, { key: name }) : h(SettingSection, { key: name, section: name })}</div>
    </div>`,
  });
}

function SectionList({ current }) {
  const names = Object.keys(SECTIONS);
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
        ${names.map((name) => html`<option key=${name} value=${name} selected=${name === current}>${said.sections[name]}</option>`)}
      </select>
      ${h(Link, { href: '/doctor', children: words.doctor.title })}
    </div>
  `;
}
