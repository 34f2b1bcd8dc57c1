/**
 * Formulas: KaTeX, loaded when the first one is seen, draws into nodes. Nothing of it is markup: `trust` is off, and
 * what it cannot draw stays as it is written.
 */

const options = { trust: false, strict: 'ignore', maxExpand: 500, maxSize: 20, throwOnError: true };
/** Characters of a formula that is drawn. */
const MOST = 4000;
/** Drawn formulas that are kept, for texts that are built anew while they grow. */
const KEPT = 300;

/** @type {any} */
let katex = null;
/** @type {Promise<void>|null} */
let loading = null;
/** @type {Map<string, DocumentFragment|null>} oldest first; null for what cannot be drawn */
const drawn = new Map();

/**
 * Draws the formulas in a part of the page.
 * @param {HTMLElement} node
 */
function drawMath(node) {
  const formulas = [...(node.matches('.md-math') ? [node] : []), ...node.querySelectorAll('.md-math')];
  const waiting = formulas.filter((one) => !one.hasAttribute('data-drawn'));
  if (waiting.length === 0) return;
  if (katex) for (const formula of waiting) draw(/** @type {HTMLElement} */ (formula));
  else load().then(() => waiting.forEach((formula) => draw(/** @type {HTMLElement} */ (formula))), () => {});
}

/** @param {HTMLElement} formula */
function draw(formula) {
  const text = formula.textContent ?? '';
  const isDisplay = formula.hasAttribute('data-display');
  if (formula.hasAttribute('data-drawn') || text.length > MOST) return;
  const key = `${isDisplay ? 'd' : 'i'}${text}`;
  if (!drawn.has(key)) keep(key, fragmentOf(text, isDisplay));
  const made = drawn.get(key);
  if (!made) return;
  formula.setAttribute('data-drawn', '');
  formula.replaceChildren(made.cloneNode(true));
}

/** @param {string} text @param {boolean} displayMode @returns {DocumentFragment|null} */
function fragmentOf(text, displayMode) {
  const place = document.createElement('span');
  try {
    katex.render(text, place, { ...options, displayMode });
  } catch {
    return null;
  }
  const made = document.createDocumentFragment();
  made.append(...place.childNodes);
  return made;
}

/** @param {string} key @param {DocumentFragment|null} made */
function keep(key, made) {
  drawn.set(key, made);
  if (drawn.size > KEPT) drawn.delete(drawn.keys().next().value);
}

function load() {
  loading ??= Promise.all([import('../vendor/katex/katex.js'), loadStyle()]).then(([module]) => {
    katex = module.default;
  });
  return loading;
}

function loadStyle() {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = new URL('../vendor/katex/katex.css', import.meta.url).href;
  return new Promise((resolve) => {
    link.addEventListener('load', resolve);
    link.addEventListener('error', resolve);
    document.head.append(link);
  });
}

export { drawMath };
