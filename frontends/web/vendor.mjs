/**
 * Fetches what the page uses of others: the packages pinned in `assets/vendor/VENDOR.toml`, through npm.
 *
 * Each archive must have the pinned SHA-512; a pin that is empty is filled in. Bare imports become relative ones,
 * references to source maps and to font formats nobody needs are dropped. Run it by hand: `node vendor.mjs`.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const home = join(dirname(fileURLToPath(import.meta.url)), 'assets', 'vendor');
const pins = join(home, 'VENDOR.toml');

/** Bare imports and the files that answer them. */
const MODULES = {
  'preact': 'preact.js',
  'preact/hooks': 'hooks.js',
  '@preact/signals-core': 'signals-core.js',
  '@preact/signals': 'signals.js',
};

/** The packages of `VENDOR.toml`, which holds nothing but `[[package]]`, strings and lists of strings on one line. */
function packagesOf(text) {
  const packages = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '[[package]]') packages.push({});
    const pair = /^(\w+) = (.+)$/.exec(line);
    if (pair) packages.at(-1)[pair[1]] = JSON.parse(pair[2]);
  }
  return packages;
}

/** The archive of a package, as npm gives it. */
function archiveOf({ name, version }, folder) {
  const said = execFileSync('npm', ['pack', `${name}@${version}`, '--json', '--pack-destination', folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename }] = JSON.parse(said);
  return readFileSync(join(folder, filename.replace('@', '').replace('/', '-')));
}

/** The files of a gzipped tar archive, by their path below `package/`. */
function filesOf(archive) {
  const tar = gunzipSync(archive);
  const files = new Map();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const text = (from, length) => tar.toString('utf8', at + from, at + from + length).split('\0')[0];
    const size = Number.parseInt(text(124, 12).trim(), 8);
    const path = posix.join(text(345, 155), text(0, 100)).replace(/^[^/]+\//, '');
    if (text(156, 1) === '0' || text(156, 1) === '') files.set(path, tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

/** A script as a module of ours: relative imports, no source map, an export where it had none. */
function moduleOf(source, shape) {
  let text = source.replace(/\n?\/\/# sourceMappingURL=.*\n?$/m, '\n');
  text = text.replace(/(from|import)\s*"((?:@preact\/|preact)[\w/-]*)"/g, (_, word, bare) => {
    if (!MODULES[bare]) throw new Error(`nobody answers the import of ${bare}`);
    return `${word}"./${MODULES[bare]}"`;
  });
  if (shape === 'umd') return `const module={exports:{}},exports=module.exports;\n${text}\nexport default module.exports;\n`;
  if (shape?.startsWith('global:')) return `${text}\nexport default ${shape.slice('global:'.length)};\n`;
  return text;
}

/** A style sheet without the font formats that every browser we support can do without. */
function styleOf(source) {
  return source.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("(?:woff|truetype)"\)/g, '');
}

function take(rule, files, shape) {
  const [from, to] = rule.split(' -> ');
  const [before, after] = from.split('*');
  const found = [...files].filter(([path]) => (from.includes('*') ? path.startsWith(before) && path.endsWith(after) : path === from));
  if (found.length === 0) throw new Error(`no ${from} in the package`);
  for (const [path, bytes] of found) {
    const target = join(home, to.endsWith('/') ? to + posix.basename(path) : to);
    mkdirSync(dirname(target), { recursive: true });
    if (target.endsWith('.js')) writeFileSync(target, moduleOf(bytes.toString('utf8'), shape));
    else if (target.endsWith('.css')) writeFileSync(target, styleOf(bytes.toString('utf8')));
    else writeFileSync(target, bytes);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'vendor-'));
try {
  let text = readFileSync(pins, 'utf8');
  mkdirSync(join(home, 'licenses'), { recursive: true });
  for (const pack of packagesOf(text)) {
    const archive = archiveOf(pack, folder);
    const sum = createHash('sha512').update(archive).digest('hex');
    if (pack.sha512 && pack.sha512 !== sum) throw new Error(`${pack.name} ${pack.version} is not what was pinned: ${sum}`);
    if (!pack.sha512) {
      const entry = `name = "${pack.name}"\nversion = "${pack.version}"\nsha512 = `;
      text = text.replace(`${entry}""`, `${entry}"${sum}"`);
    }
    const files = filesOf(archive);
    for (const rule of pack.take) take(rule, files, pack.shape);
    const license = [...files.keys()].find((path) => /^licen[cs]e(\.\w+)?$/i.test(path));
    writeFileSync(join(home, 'licenses', `${pack.name.replace(/^@/, '').replace('/', '-')}.txt`), files.get(license));
    process.stdout.write(`${pack.name} ${pack.version}\n`);
  }
  writeFileSync(pins, text);
} finally {
  rmSync(folder, { recursive: true });
}
