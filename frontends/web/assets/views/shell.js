/** The frame: sidebar, the page of the route, toasts and what lies over it all. */
import { h, html, signal, useEffect } from '../lib/dom.js';
import { Layers } from '../lib/dialog.js';
import { Toasts } from '../lib/toast.js';
import { problemOf } from '../lib/api.js';
import { loaderOf, route } from '../lib/router.js';
import { words } from '../strings/shell.js';

/** What the route's module gave, or why it gave nothing. */
const page = signal({ name: '', view: null, problem: null });

async function load(name) {
  const loader = loaderOf(name);
  if (!loader) {
    page.value = { name, view: Missing, problem: null };
    return;
  }
  try {
    const view = (await loader()).default;
    if (route.value.name === name) page.value = { name, view, problem: null };
  } catch (error) {
    page.value = { name, view: null, problem: problemOf(error) };
  }
}

function Missing() {
  return html`<main class="shell-main" id="main" tabindex="-1"><h1>${words.missingTitle}</h1><p>${words.missingText}</p></main>`;
}

function Shell() {
  const { name, params } = route.value;
  useEffect(() => void load(name), [name]);
  const { view, problem } = page.value;
  return html`<a class="skip" href="#main">${words.skip}</a>
    <div class="shell">
      ${problem && html`<p class="problem">${words.failedTitle}: ${problem.message}</p>`}
      ${view && h(view, params)}
    </div>
    ${h(Toasts, null)} ${h(Layers, null)}`;
}

export { Shell };
