/** Runs the Markdown check with node: `node frontends/web/checks/markdown-node.mjs [count] [seed]`. Not shipped. */
import { smallDocument } from './dom.mjs';
import { checkMarkdown } from './markdown.mjs';

globalThis.document = smallDocument;
const { MarkdownStream } = await import('../assets/lib/markdown/stream.js');

const [count = 1000, seed = 1] = process.argv.slice(2).map(Number);
const { failures, ...figures } = checkMarkdown(MarkdownStream, { count, seed });
console.log(JSON.stringify({ ...figures, failed: failures.length }));
for (const { index, what, text, got, expected = '' } of failures.slice(0, 3)) {
  const at = [...got].findIndex((sign, place) => sign !== expected[place]);
  console.log(JSON.stringify({ index, what, text: text.slice(0, 600), got: got.slice(at - 60, at + 100), expected: expected.slice(at - 60, at + 100) }, null, 2));
}
process.exitCode = failures.length ? 1 : 0;
