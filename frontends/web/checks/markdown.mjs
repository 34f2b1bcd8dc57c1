/**
 * Whether a streamed Markdown text looks like one that came whole: seeded documents in random pieces (B3). Not shipped.
 *
 * `checkMarkdown` needs nothing but the class `MarkdownStream` and a `document`. It stands alone, without imports, so
 * that a test can hand this file's text to a page, or import it there, and call
 * `checkMarkdown((await import('…/lib/markdown/stream.js')).MarkdownStream, {count: 1000, seed: 1})`.
 * With node: `node frontends/web/checks/markdown-node.mjs [count] [seed]`, over a small DOM of its own.
 *
 * The answer: `failures` (a streamed document that differs, or a frozen node that was touched, or replaced in the end
 * though no link is defined; each with its seed), `frozen` nodes seen, `replaced` those that the last reading replaced (late link definitions do that).
 */

/** @param {any} MarkdownStream @param {{count?: number, seed?: number}} [how] */
export function checkMarkdown(MarkdownStream, { count = 1000, seed = 1 } = {}) {
  const failures = [];
  let frozen = 0;
  let replaced = 0;
  for (let index = 0; index < count; index++) {
    const random = randomFrom(seed * 100_003 + index);
    const text = documentOf(random);
    const one = stream(text, random);
    frozen += one.frozen;
    replaced += one.replaced;
    const expected = whole(text);
    if (one.touched) failures.push({ index, what: 'touched', text, got: one.touched });
    // Only a link that is defined later may change what was frozen.
    const hasDefinition = /^ {0,3}\[(?:early|late)\]:/m.test(text);
    if (one.replaced > 0 && !hasDefinition) failures.push({ index, what: 'replaced', text, got: String(one.replaced) });
    if (one.shown !== expected) failures.push({ index, what: 'differs', text, got: one.shown, expected });
  }
  return { count, failures, frozen, replaced };

  function whole(text) {
    const root = document.createElement('div');
    const made = new MarkdownStream(root);
    made.push(text);
    made.finish();
    return written(root);
  }

  /** Streams a text in random pieces and watches what is frozen. */
  function stream(text, random) {
    const root = document.createElement('div');
    const known = new Map();
    const settle = (node, state) => {
      if (state === 'frozen' && !known.has(node)) known.set(node, isContainer(node) ? null : node.cloneNode(true));
    };
    const made = new MarkdownStream(root, { settle });
    let touched = '';
    for (let at = 0; at < text.length; ) {
      const size = random() < 0.1 ? 1 + Math.floor(random() * 400) : 1 + Math.floor(random() * 30);
      made.push(text.slice(at, at + size));
      at += size;
      if (random() < 0.8) made.step();
      touched ||= changed(root, known);
    }
    while (made.step());
    touched ||= changed(root, known);
    const before = [...known.keys()];
    made.finish();
    return { shown: written(root), touched, frozen: before.length, replaced: before.filter((node) => !root.contains(node)).length };
  }

  /** Lists, tables and fences grow at their end; only that they stay themselves is asked of them. */
  function isContainer(node) {
    return ['UL', 'OL'].includes(node.nodeName) || ['md-table', 'md-code'].includes(node.className);
  }

  function changed(root, known) {
    for (const [node, was] of known) {
      if (!root.contains(node)) return `gone: ${written(was ?? node)}`;
      if (was && !node.isEqualNode(was)) return `was ${written(was)}, is ${written(node)}`;
    }
    return '';
  }

  /** A node as text, the same for the same nodes. */
  function written(node) {
    if (node.nodeType === 3) return node.data;
    const marks = [...node.attributes].map(({ name, value }) => ` ${name}=${JSON.stringify(value)}`).sort();
    return `<${node.nodeName}${marks.join('')}>${[...node.childNodes].map(written).join('|')}</>`;
  }

  function randomFrom(start) {
    let state = start >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    };
  }

  function documentOf(random) {
    const pick = (list) => list[Math.floor(random() * list.length)];
    const many = (most, make, between = '') => Array.from({ length: 1 + Math.floor(random() * most) }, make).join(between);
    const words = () => many(8, () => pick(['alpha', 'beta,', 'gamma', 'delta.', 'naïve', '日本語', '👩‍💻', 'x_y', '2*3', 'a|b', 'и', '$5', '#tag', '1.', '-', '&amp;', '<br>', '\\*'], ' '), ' ');
    const spans = [
      () => `*${words()}*`, () => `**${words()}**`, () => `\`${words()}\``, () => `~~${words()}~~`, () => `_${words()}`,
      () => `[${words()}](https://example.org/a_b "t")`, () => `[${words()}][late]`, () => '[early]', () => '![pic](http://a.example/x.png)',
      () => 'https://example.org/x?y=1', () => '$a_b + c$', () => '\\(x^2\\)', () => '<b>raw</b>', () => '[^1]', () => '[x](javascript:alert)', () => '``a ` b``',
    ];
    const line = () => many(5, () => (random() < 0.5 ? words() : pick(spans)()), ' ');
    const lines = (most, prefix = '') => many(most, () => prefix + line(), '\n');
    const code = (prefix = '') => many(6, () => prefix + pick(['let a = 1;', '', '  indented', '# not a heading', '- no list', '~~~', '``', '\tx', '| a |']), '\n');
    const fence = (prefix = '', isOpen = false) => {
      const sign = pick(['```', '````', '~~~', '```']);
      return `${prefix}${sign}${pick(['', 'rust', 'js title="x"', ' py'])}\n${code(prefix)}\n${isOpen ? '' : `${prefix}${sign}`}`;
    };
    const list = (depth = 0) => {
      const sign = pick(['-', '*', '+', '1.', '3)']);
      const between = pick(['\n', '\n', '\n\n']);
      const item = () => {
        const head = `${sign} ${pick(['', '[ ] ', '[x] '])}${line()}`;
        const inner = ' '.repeat(sign.length + 1);
        const more = pick([() => '', () => '', () => `\n${lines(2, inner)}`, () => `\n\n${inner}${line()}`, () => (depth < 2 ? `\n${indent(list(depth + 1), inner)}` : ''), () => `\n${fence(inner)}`, () => `\n${line()}`]);
        return head + more();
      };
      return many(6, item, between);
    };
    const indent = (text, prefix) => text.split('\n').map((one) => (one ? prefix + one : one)).join('\n');
    const table = () => `| ${words()} | b |\n|${pick(['---|---', ':--|--:', '-|:-:'])}|\n${many(6, () => `| ${line().replaceAll('|', '')} | ${words().replaceAll('|', '')} |`, '\n')}`;
    const blocks = [
      () => lines(4), () => lines(3), () => `${'#'.repeat(1 + Math.floor(random() * 6))} ${line()}`, list, list, fence, table, () => `${line()}\n${table()}`,
      () => lines(3, '> '), () => `> ${line()}\n${line()}`, () => indent(list(), '> '), () => pick(['---', '***', '- - -']), () => `${line()}\n${pick(['===', '---'])}`,
      () => `    ${code('    ').trimStart()}`, () => `<div>\n${lines(2)}\n</div>`, () => `$$\n${words()}\n$$`, () => `\\[\n- ${words()}\n\\]`, () => `[^1]: ${lines(2)}`,
      () => '[early]: https://early.example', () => `${line()}  \n${line()}\\\n${line()}`, () => '', () => many(3, () => pick(['>', '- ', '|', '```', '#', '1)', '   x', '\t- y', '**', '---|', '[', '$$', '<']), '\n'),
    ];
    const most = random() < 0.1 ? 90 : 9;
    const parts = Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(blocks)());
    if (random() < 0.15) parts.push('[late]: https://late.example');
    if (random() < 0.15) parts.push(fence('', true));
    const text = parts.join(random() < 0.8 ? '\n\n' : '\n');
    return (random() < 0.1 ? text.replaceAll('\n', '\r\n') : text) + pick(['', '', '\n', '\n\n']);
  }
}
