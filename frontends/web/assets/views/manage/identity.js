/** Who this installation is, and the settings that say so. */
import { html, h } from '../../lib/dom.js';
import { get } from '../../lib/api.js';
import { words } from '../../strings/manage.js';
import { copyText, Loaded, Part, useFacts, useRead } from './common.js';
import { SettingSection } from './settings-section.js';

const said = words.identity;

/** The page's content. */
export function Identity() {
  const read = useRead(() => get('/api/identity'), []);
  useFacts(['setting'], read.reload);
  return html`
    ${h(Part, {
      id: 'identity-public', title: said.title, intro: said.intro,
      children: h(Loaded, { read, children: (identity) => html`<dl class="manage-facts">
        <div><dt>${said.name}</dt><dd>${identity.display_name || words.common.none}</dd></div>
        <div><dt>${said.id}</dt><dd><code class="manage-break">${identity.user_id}</code></dd></div>
        <div><dt>${said.key}</dt><dd><pre class="manage-code" tabindex="0">${identity.public_key}</pre>
          <button type="button" class="button" onClick=${() => copyText(identity.public_key)} aria-label=${said.copyKey}>${words.common.copy}</button></dd></div>
      </dl>` }),
    })}
    ${h(SettingSection, { section: 'identity' })}
  `;
}
