/** From a sub-agent's page to the call that started it: which conversation that is in is asked once. */
import { h, html, useEffect, useState } from '../../lib/dom.js';
import { titleOf } from '../../lib/actions.js';
import { get } from '../../lib/api.js';
import { Icon } from '../../lib/icons.js';
import { link, pathOf } from '../../lib/router.js';
import { words } from '../../strings/thread.js';

const say = words.header;

/** @param {{call: string}} props the item that is the call */
export function ParentLink({ call }) {
  const [parent, setParent] = useState(/** @type {import('../../lib/list.js').View|null} */ (null));
  useEffect(() => {
    let isShown = true;
    // What cannot be found is not linked: the page is whole without it.
    parentOf(call).then((found) => isShown && setParent(found), () => {});
    return () => {
      isShown = false;
    };
  }, [call]);
  if (!parent) return null;
  const path = `${pathOf(parent)}?item=${call}`;
  return html`<a class="chip thread-parent" data-testid="parent" ...${link(path)}><span class="hidden-text">${say.parent}: </span>${h(Icon, { name: 'up' })}<bdi>${titleOf(parent)}</bdi></a>`;
}

/** @param {string} call */
async function parentOf(call) {
  const hits = await get(`/api/calls/${call}`);
  const hit = hits.find((/** @type {any} */ { item }) => item.id === call);
  return hit ? get(`/api/conversations/${hit.conversation}`) : null;
}
