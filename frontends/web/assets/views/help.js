/** The sheet of all keys, from what is registered, with a switch for each. */
import { h, html } from '../lib/dom.js';
import { Dialog } from '../lib/dialog.js';
import { isOn, isSingle, keyText, setOn, setSingleKeys, sheet, singleKeys } from '../lib/keys.js';
import { words } from '../strings/shell.js';

const say = words.keys;

/** @param {{close: () => void}} props */
function Help({ close }) {
  const groups = sheet.value
    .map(({ scope, bindings }) => ({ scope, bindings: bindings.filter(({ keys }) => keys) }))
    .filter(({ bindings }) => bindings.length > 0);
  return h(
    Dialog,
    { title: say.title, onClose: () => close(), kind: 'sheet', testId: 'keys' },
    html`<label class="check"><input type="checkbox" checked=${singleKeys.value} onChange=${(event) => setSingleKeys(event.currentTarget.checked)} />${say.single}</label>
      <p class="field-hint">${say.singleHint}</p>
      <p class="field-hint">${say.menus}</p>
      ${groups.map(({ scope, bindings }) => h(Group, { key: scope, scope, bindings }))}`,
  );
}

/** @param {{scope: string, bindings: import('../lib/keys.js').Binding[]}} props */
function Group({ scope, bindings }) {
  return html`<section aria-label=${scope}>
    <h3 class="keys-group">${scope}</h3>
    <table class="keys-table">
      <thead><tr><th scope="col">${say.key}</th><th scope="col">${say.does}</th><th scope="col">${say.use}</th></tr></thead>
      <tbody>
        ${bindings.map(
          ({ keys, label }) => html`<tr key=${keys + label}>
            <td><kbd>${keyText(keys)}</kbd></td>
            <td>${label}</td>
            <td><label class="check"><input type="checkbox" aria-label=${say.off(label)} checked=${isOn(keys)}
              disabled=${isSingle(keys) && !singleKeys.value} onChange=${(event) => setOn(keys, event.currentTarget.checked)} /></label></td>
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

export { Help };
