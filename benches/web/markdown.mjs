/**
 * What a frame of streamed Markdown costs in a real Chromium: `node benches/web/markdown.mjs [rounds]`.
 *
 * Feeds 14 characters at a time to the renderer of the page, as the page does, forces the layout after each step and
 * tells mean and median of the last 1,000 steps before each size. Needs Node 20 and `chromium` (or its path in
 * CHROMIUM); no network. The figures of `docs/benchmarks.md` come from here.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const assets = new URL('../../frontends/web/assets/', import.meta.url).pathname;
const rounds = Number(process.argv[2] ?? 3);

const page = `<!doctype html><meta charset="utf-8"><title>bench</title>
${['tokens', 'base', 'markdown'].map((name) => `<link rel="stylesheet" href="/css/${name}.css">`).join('')}
<div style="max-width:72ch"><div id="root" class="md"></div></div>`;

const server = createServer((question, answer) => {
  const path = question.url.split('?')[0];
  if (path === '/') {
    answer.setHeader('content-type', 'text/html');
    answer.end(page);
    return;
  }
  try {
    const body = readFileSync(join(assets, path));
    answer.setHeader('content-type', path.endsWith('.css') ? 'text/css' : 'text/javascript');
    answer.end(body);
  } catch {
    answer.statusCode = 404;
    answer.end();
  }
});

/** Runs in the page. */
async function measure() {
  const { MarkdownStream } = await import('/lib/markdown/stream.js');
  const STEP = 14;
  const WINDOW = 1000;
  const KB = 1024;
  const paragraph = (at) => `Paragraph ${at} says *something* about \`code_${at}\` and **strong words**, with [a link](https://example.org/${at}) and a long enough tail of words to be wrapped on the page more than once.\n\n`;
  const mixed = (size) => {
    let text = '';
    for (let at = 0; text.length < size; at++) {
      text += at % 9 === 3 ? `## Heading ${at}\n\n` : '';
      text += paragraph(at);
      if (at % 5 === 2) text += `- item *a*\n- item b\n  - nested ${at}\n- item c\n\n`;
      if (at % 7 === 4) text += `\`\`\`rust\nfn main() {\n    let a${at} = ${at};\n    println!("{a${at}}");\n}\n\`\`\`\n\n`;
      if (at % 11 === 6) text += `| a | b |\n|---|---|\n| ${at} | two |\n| three | four |\n\n`;
    }
    return text.slice(0, size);
  };
  const code = (size) => {
    let text = '```rust\n';
    for (let at = 0; text.length < size; at++) text += `    let value_${at} = compute(${at}, "some text", other_${at})?;\n`;
    return text.slice(0, size);
  };
  const list = (size) => {
    let text = '';
    for (let at = 0; text.length < size; at++) text += `- item ${at} with *some* words and \`code\` in it\n`;
    return text.slice(0, size);
  };
  const table = (size) => {
    let text = '| name | value | more |\n|---|---|---|\n';
    for (let at = 0; text.length < size; at++) text += `| name ${at} | *value* | \`${at}\` |\n`;
    return text.slice(0, size);
  };
  const root = document.getElementById('root');
  const run = (text) => {
    root.replaceChildren();
    const stream = new MarkdownStream(root);
    const script = [];
    const all = [];
    // What comes before is fed faster: only its end is measured.
    const from = Math.max(0, text.length - WINDOW * STEP);
    for (let at = 0; at < from; at += 500) {
      stream.push(text.slice(at, Math.min(from, at + 500)));
      stream.step();
    }
    root.getBoundingClientRect();
    for (let at = from; at < text.length; at += STEP) {
      stream.push(text.slice(at, at + STEP));
      const begun = performance.now();
      stream.step();
      const stepped = performance.now();
      root.getBoundingClientRect();
      script.push(stepped - begun);
      all.push(performance.now() - begun);
    }
    const end = performance.now();
    stream.finish();
    root.getBoundingClientRect();
    const finish = performance.now() - end;
    const mean = (list) => list.reduce((sum, one) => sum + one, 0) / list.length;
    const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
    return { script: mean(script), scriptMedian: median(script), frame: mean(all), frameMedian: median(all), finish };
  };
  const cases = { '10 KB': mixed(10 * KB), '40 KB': mixed(40 * KB), '100 KB': mixed(100 * KB), '40 KB code': code(40 * KB), '40 KB one list': list(40 * KB), '40 KB one table': table(40 * KB) };
  run(cases['40 KB']);
  const figures = {};
  for (const [name, text] of Object.entries(cases)) {
    figures[name] = run(text);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return figures;
}

/** Chromium over its pipe: one page, one expression. */
async function inChromium(url, expression) {
  const profile = mkdtempSync(join(tmpdir(), 'anteroom-bench-'));
  const arguments_ = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank'];
  const browser = spawn(process.env.CHROMIUM ?? 'chromium', arguments_, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , , input, output] = browser.stdio;
  const waiting = new Map();
  let rest = '';
  let next = 1;
  output.setEncoding('utf8');
  output.on('data', (piece) => {
    const parts = (rest + piece).split('\0');
    rest = parts.pop();
    for (const part of parts) {
      const { id, result, error } = JSON.parse(part);
      waiting.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
    }
  });
  const send = (method, params = {}, sessionId) =>
    new Promise((resolve) => {
      waiting.set(next, resolve);
      input.write(`${JSON.stringify({ id: next++, method, params, sessionId })}\0`);
    });
  try {
    const { targetId } = await send('Target.createTarget', { url });
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
    const look = { expression: `location.href === '${url}' && document.readyState === 'complete'`, returnByValue: true };
    while ((await send('Runtime.evaluate', look, sessionId)).result?.value !== true) await new Promise((resolve) => setTimeout(resolve, 20));
    const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  } finally {
    const gone = new Promise((resolve) => browser.once('exit', resolve));
    send('Browser.close').catch(() => {});
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
/** @type {Record<string, any>} the best of the rounds: others used the machine too */
const best = {};
try {
  for (let round = 0; round < rounds; round++) {
    const figures = await inChromium(url, `(${measure})()`);
    for (const [name, one] of Object.entries(figures)) {
      const known = best[name] ?? {};
      best[name] = Object.fromEntries(Object.entries(one).map(([key, value]) => [key, Math.min(value, known[key] ?? Number.POSITIVE_INFINITY)]));
    }
  }
} finally {
  server.close();
}
const shown = (value) => value.toFixed(value < 10 ? 2 : 0);
console.log('| 14 characters a step, ms | script, mean | median | script and layout, mean | median | last reading |\n|---|--:|--:|--:|--:|--:|');
for (const [name, { script, scriptMedian, frame, frameMedian, finish }] of Object.entries(best)) {
  console.log(`| ${name} | ${shown(script)} | ${shown(scriptMedian)} | ${shown(frame)} | ${shown(frameMedian)} | ${shown(finish)} |`);
}
