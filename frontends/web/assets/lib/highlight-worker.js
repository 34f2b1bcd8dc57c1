/** Highlights code beside the page: text in, a flat list of lengths and classes out. It never sees a document. */
import highlighter from '../vendor/highlight.js';

/** @typedef {{id: number, lang: string, text: string}} Job */
/** @typedef {{id: number, scopes: string[], runs: number[]}} Answer `runs` are pairs: length, place in `scopes` plus one, 0 for none */

/**
 * @param {{children: any[]}} tree
 * @returns {{scopes: string[], runs: number[]}}
 */
function flat(tree) {
  /** @type {Map<string, number>} */
  const known = new Map();
  const runs = [];
  const walk = (node, scope) => {
    for (const child of node.children) {
      if (typeof child === 'string') {
        if (runs.length && runs.at(-1) === scope) runs[runs.length - 2] += child.length;
        else if (child) runs.push(child.length, scope);
      } else {
        walk(child, child.scope ? placeOf(child.scope) : scope);
      }
    }
  };
  const placeOf = (scope) => {
    const name = /^[a-z]+/.exec(scope)?.[0] ?? '';
    if (!known.has(name)) known.set(name, known.size + 1);
    return known.get(name);
  };
  walk(tree, 0);
  return { scopes: [...known.keys()], runs };
}

addEventListener('message', (/** @type {MessageEvent<Job>} */ { data: { id, lang, text } }) => {
  const isKnown = Boolean(highlighter.getLanguage(lang));
  const found = isKnown ? flat(highlighter.highlight(text, { language: lang, ignoreIllegals: true })._emitter.rootNode) : { scopes: [], runs: [] };
  postMessage({ id, ...found });
});
