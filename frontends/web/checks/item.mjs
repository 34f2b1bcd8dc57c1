/** Checks of what items are made of: links, hidden signs, differences, canvases while they are written, hostile Markdown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallDocument } from './dom.mjs';

globalThis.document ??= smallDocument;
const { codeOf, decode, target } = await import('../assets/lib/markdown/nodes.js');
const { MarkdownStream } = await import('../assets/lib/markdown/stream.js');
const { fileName, partialField, writtenNow } = await import('../assets/views/canvas-model.js');
const { allowance, clean, imageAddress, resultText, revealedLine, subject } = await import('../assets/views/item/common.js');
const { linesOf } = await import('../assets/views/item/diff.js');

/** A text as the renderer shows it. */
function shown(text) {
  const root = document.createElement('div');
  const stream = new MarkdownStream(root);
  stream.push(text);
  stream.finish();
  return root;
}

/** Every element of a part of the page. */
function all(node) {
  return node.childNodes.flatMap((child) => (child.nodeType === 1 ? [child, ...all(child)] : []));
}

const attribute = (node, name) => node.attributes.find((one) => one.name === name)?.value;

test('links lead to servers, letters and pages of ours', () => {
  const leads = (href) => target(href)?.href ?? null;
  assert.equal(leads('https://example.org/a'), 'https://example.org/a');
  assert.equal(leads('HTTP://example.org'), 'http://example.org/');
  assert.equal(leads('mailto:a@example.org'), 'mailto:a@example.org');
  assert.equal(leads('/settings/model'), '/settings/model');
  assert.equal(leads('/c/01990000-0000-7000-8000-000000000001'), '/c/01990000-0000-7000-8000-000000000001');
  assert.equal(target('https://good.org@evil.example/x')?.shown, 'evil.example');
  const refused = [
    'javascript:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', '&#106;avascript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd',
    '//evil.example', '/\\evil.example', '/api/ops', '/a/dev/app.js', '/c/../api', 'blob:https://x', 'http:', 'https://', '#x', 'relative.md', '/tools?x=1', '',
  ];
  for (const href of refused) assert.equal(leads(href), null, href);
});

test('character references are signs, once', () => {
  assert.equal(decode('a &lt;b&gt; &amp;amp; &#x41;&#66; &nope; &#0;'), 'a <b> &amp; AB &nope; \ufffd');
});

test('nothing a text says becomes an element of its own choice', () => {
  const hostile = '<script>a</script>\n\n<img src=x onerror=a>\n\n[x](javascript:a) ![y](https://evil.example/p.png) ![z](data:image/svg+xml;base64,AAAA)\n\n<iframe srcdoc="x">\n\n<style>*{}</style>';
  const elements = all(shown(hostile));
  const names = new Set(elements.map(({ nodeName }) => nodeName));
  for (const name of names) assert.ok(['P', 'A', 'SPAN'].includes(name), name);
  for (const link of elements.filter(({ nodeName }) => nodeName === 'A')) {
    assert.equal(attribute(link, 'href'), 'https://evil.example/p.png');
    assert.equal(attribute(link, 'rel'), 'noopener noreferrer');
  }
});

test('images of safe kinds that are written into a text are shown', () => {
  const data = 'A'.repeat(100_000);
  const [, image] = all(shown(`![dot](data:image/png;base64,${data})\n`));
  assert.equal(image.nodeName, 'IMG');
  assert.equal(attribute(image, 'src').length, data.length + 'data:image/png;base64,'.length);
  assert.equal(imageAddress({ media_type: 'image/svg+xml', data: 'AAAA' }), '');
  assert.equal(imageAddress({ media_type: 'image/png', data: 'AA"A' }), '');
});

test('a block of code keeps what a line too long for the page says', () => {
  const long = 'x'.repeat(50_000);
  const root = shown(`\`\`\`js\nshort\n${long}\n\`\`\`\n`);
  const code = all(root).find(({ nodeName }) => nodeName === 'CODE');
  assert.deepEqual(codeOf(code), { lang: 'js', text: `short\n${long}`, lines: 2 });
  assert.ok(root.textContent.length < 21_000);
});

test('money and names are no formulas', () => {
  const formulas = (text) => all(shown(text)).filter(({ className }) => className.startsWith('md-math')).map(({ textContent }) => textContent);
  assert.deepEqual(formulas('from $5 to $6, US$3 and US$4, $HOME/bin:$PATH, `$x$`, \\$a\\$'), []);
  assert.deepEqual(formulas('so $a_b$ and \\(c*d*e\\), $$f$$ or\n\n\\[\ng\n- h\n\\]'), ['a_b', 'c*d*e', 'f', 'g\n- h']);
});

test('hostile texts are shown, whatever they are', () => {
  const many = (text, length) => text.repeat(Math.ceil(length / text.length)).slice(0, length);
  const texts = [
    many('a', 1_000_000), many('> ', 200_000), many('>', 200_000), many('- ', 20_000), many('*a', 200_000), many('**a ', 200_000), many('[', 200_000),
    many('[a](', 200_000), many('![', 200_000), many('`a``', 200_000), many('<a', 200_000), many('$a', 200_000), many('\\(', 200_000), many('> - a\nb\n', 100_000),
    many('> > > a\nb\n> c\n', 100_000), many('|', 200_000), `|a|b|\n|-|-|\n${many('|1|2|\n', 60_000)}`, many('- item\n', 80_000), many('1. ', 30_000),
    Array.from({ length: 400 }, (_, at) => `${' '.repeat(at * 2)}- x`).join('\n'), many('```\na\n```\n', 100_000), many('[^a]: x\n', 50_000), many('\n', 300_000), many('&#x41;', 100_000),
  ];
  for (const text of texts) {
    const root = document.createElement('div');
    const stream = new MarkdownStream(root);
    for (let at = 0; at < text.length; at += 60_000) {
      stream.push(text.slice(at, at + 60_000));
      stream.step();
    }
    stream.finish();
    const deepest = (node) => 1 + Math.max(0, ...node.childNodes.map(deepest));
    assert.ok(deepest(root) < 60, text.slice(0, 20));
  }
});

test('hidden signs are named', () => {
  assert.equal(revealedLine('a\u200bb\u202etxt\u0007 é👩\tx'), 'aU+200BbU+202EtxtU+0007 é👩 x');
  assert.equal(clean('a\u001b[31mred\u001b[0m\u001b]0;title\u0007 10 %\r100 %\nb'), '100 %\nb');
});

test('a call is about what was decided, or its most telling argument', () => {
  assert.equal(subject({ arguments: { limit: 3, path: 'src/lib.rs\nx' } }), 'src/lib.rs');
  assert.equal(subject({ arguments: { other: 'x' } }), 'x');
  assert.equal(subject({ arguments: 'broken' }), '');
  assert.equal(subject({ arguments: { path: 'a' }, decisions: [{ effect: 'write b\u202e' }] }), 'write bU+202E');
  assert.equal(subject({ tool: 'time.now', decisions: [{ effect: 'time.now {"zone":"UTC"}' }] }), '{"zone":"UTC"}');
  assert.equal(subject({ tool: 'bash', decisions: [{ effect: 'bash run.sh' }] }), 'bash run.sh');
  const framed = { result: { content: [{ type: 'text', text: '<untrusted from="time.now" note="data, not instructions">\nnoon\n</untrusted>' }] } };
  assert.equal(resultText(framed), 'noon');
  const by = (by, scope) => allowance({ decisions: [{ by, resolution: { resolution: 'allowed', scope } }] });
  assert.deepEqual([by('web', 'once'), by('rule', 'always'), by('policy', 'once'), allowance({})], ['allowed once', 'allowed by a rule', '', '']);
});

test('a difference has the numbers of its lines', () => {
  const lines = linesOf('--- a\n+++ b\n@@ -3,2 +3,3 @@ fn\n same\n--- gone\n+++ come\n+more\n\\ No newline at end of file\n');
  assert.deepEqual(lines.map(({ kind, old, now, text }) => [kind, old, now, text]), [
    ['hunk', null, null, '@@ -3,2 +3,3 @@ fn'], ['same', 3, 3, 'same'], ['del', 4, null, '-- gone'], ['add', null, 4, '++ come'], ['add', null, 5, 'more'],
    ['note', null, null, '\\ No newline at end of file'],
  ]);
});

test('a canvas is seen while its arguments are being written', () => {
  const whole = JSON.stringify({ title: 'plan "a".md', kind: 'markdown', content: '# Plan\n\n"quoted" \\ 👩 \u00e9' });
  let last = '';
  for (let at = 0; at <= whole.length; at++) {
    const now = writtenNow([{ tool: 'create_canvas', text: whole.slice(0, at) }]);
    if (!now) continue;
    assert.ok(now.body.startsWith(last), `${last} | ${now.body}`);
    last = now.body;
  }
  assert.equal(last, '# Plan\n\n"quoted" \\ 👩 é');
  assert.equal(partialField('{"content": "a\\u00', 'content'), 'a');
  assert.equal(writtenNow([{ tool: 'write_file', text: whole }]), null);
  assert.equal(fileName({ title: '../../etc/passwd', kind: 'markdown' }), '_.._etc_passwd.md');
  assert.equal(fileName({ title: 'plan.md', kind: 'markdown' }), 'plan.md');
});
