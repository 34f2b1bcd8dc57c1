/** How the page looks and speaks in this browser: theme, reading answers out, single keys. */
import { html, h, signal } from '../../lib/dom.js';
import { isOn, isSingle, keyText, setOn, setSingleKeys, sheet, singleKeys } from '../../lib/keys.js';
import { pref, save, setTheme, theme } from '../../lib/prefs.js';
import { words } from '../../strings/manage.js';
import { Choices, Part } from './common.js';

const said = words.appearance;
/** Whether a finished answer is read out by a screen reader as a whole. The conversation looks at it. */
const readAnswers = pref('read-answer', false);
const isAllShown = signal(false);

/** The page's content. */
export function Appearance() {
  const themes = ['system', 'light', 'dark'].map((value) => ({ value, label: said.themes[value] }));
  return html`
    ${h(Part, {
      id: 'appearance-theme', title: said.theme,
      children: h(Choices, { legend: said.theme, isLegendHidden: true, name: 'theme', value: theme.value ?? 'system', choices: themes, onChange: setTheme }),
    })}
    ${h(Part, {
      id: 'appearance-reading', title: said.reading,
      children: h(Check, { label: said.readAnswers, help: said.readAnswersHelp, isOn: readAnswers.value === true, set: (on) => save('read-answer', on) }),
    })}
    ${h(Part, { id: 'appearance-keys', title: said.keys, children: h(Keys, {}) })}
    <p class="manage-help">${said.kept}</p>
  `;
}

function Check({ label, help, isOn: isChecked, set }) {
  return html`<label class="manage-choice">
    <input type="checkbox" checked=${isChecked} onChange=${(event) => set(event.target.checked)} />
    <span><span class="manage-choice-name">${label}</span>${help ? html`<small>${help}</small>` : null}</span>
  </label>`;
}

/** All single keys at once, or each by itself. */
function Keys() {
  const bindings = sheet.value.flatMap(({ scope, bindings: list }) => list.map((binding) => ({ scope, ...binding })));
  const single = bindings.filter((binding) => binding.keys && isSingle(binding.keys));
  return html`
    ${h(Check, { label: said.singleKeys, help: said.singleKeysHelp, isOn: singleKeys.value !== false, set: setSingleKeys })}
    ${singleKeys.value !== false && single.length > 0
      ? html`<details class="manage-details" open=${isAllShown.value} onToggle=${(event) => (isAllShown.value = event.currentTarget.open)}>
          <summary>${said.eachKey}</summary>
          <ul class="manage-plain">${single.map((binding) => html`<li key=${`${binding.scope} ${binding.keys}`}>
            <label class="manage-choice"><input type="checkbox" checked=${isOn(binding.keys)} onChange=${(event) => setOn(binding.keys, event.target.checked)} />
              <span><kbd>${keyText(binding.keys)}</kbd> ${binding.label} <small>${binding.scope}</small></span></label>
          </li>`)}</ul>
        </details>`
      : null}
  `;
}
