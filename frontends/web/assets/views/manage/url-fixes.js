/**
 * What is probably wrong with the address of a model endpoint, most likely first; offered, never applied by itself.
 * The host says the same in its hints.
 */
import { words } from '../../strings/manage.js';

const said = words.connection.fixes;
const SINGLE_ENDPOINTS = ['/chat/completions', '/completions', '/models', '/responses', '/embeddings'];

/**
 * @typedef {{baseUrl: string, reason: string, isScheme?: boolean}} UrlFix
 */

/**
 * Each with everything else that is surely wrong put right as well.
 * @param {string} baseUrl
 * @returns {UrlFix[]}
 */
export function urlFixes(baseUrl) {
  return single(baseUrl).map((fix) => {
    const reasons = [fix.reason];
    let url = fix.baseUrl;
    for (let next = sure(url); next && !reasons.includes(next.reason); next = sure(url)) {
      reasons.push(next.reason);
      url = next.baseUrl;
    }
    return { ...fix, baseUrl: url, reason: reasons.join('; ') };
  });
}

/** @param {string} baseUrl */
function sure(baseUrl) {
  return single(baseUrl).find((fix) => !fix.isScheme);
}

/**
 * @param {string} baseUrl
 * @returns {UrlFix[]}
 */
function single(baseUrl) {
  const text = baseUrl.trim();
  if (text === '') return [];
  if (!text.includes('://')) {
    const probe = parsed(`http://${text}`);
    if (!probe) return [];
    return [{ baseUrl: `${isNear(probe.hostname) ? 'http' : 'https'}://${text}`, reason: said.noScheme }];
  }
  const url = parsed(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return [];
  const fixes = [];
  const fix = (reason, change, rest) => {
    const fixed = new URL(url.href);
    change(fixed);
    fixes.push({ baseUrl: fixed.href.replace(/\/+$/, ''), reason, ...rest });
  };
  if (['127.0.0.0', '0.0.0.0'].includes(url.hostname)) {
    fix(said.host, (fixed) => {
      fixed.hostname = '127.0.0.1';
    });
  }
  const path = url.pathname.replace(/\/+$/, '');
  const end = SINGLE_ENDPOINTS.find((one) => path.endsWith(one));
  if (end) {
    fix(said.single, (fixed) => {
      fixed.pathname = path.slice(0, -end.length) || '/v1';
    });
  } else if (path === '' || path === '/api') {
    fix(said.path, (fixed) => {
      fixed.pathname = `${path}/v1`;
    });
  }
  fix(
    said.scheme,
    (fixed) => {
      fixed.protocol = url.protocol === 'http:' ? 'https:' : 'http:';
    },
    { isScheme: true },
  );
  return fixes;
}

/**
 * @param {string} text
 * @returns {URL|null}
 */
export function parsed(text) {
  try {
    return new URL(text.trim());
  } catch {
    return null;
  }
}

/** Whether a host is hardly a public server. @param {string} host */
function isNear(host) {
  return !host.includes('.') || host.startsWith('[') || /^[0-9.]+$/.test(host);
}

/**
 * The names that are most like one that is not there, the best first.
 * @param {string} wanted
 * @param {string[]} names
 * @param {number} most
 */
export function nearest(wanted, names, most = 3) {
  const plain = wanted.toLowerCase();
  const scored = names.map((name) => ({ name, score: likeness(plain, name.toLowerCase()) }));
  scored.sort((one, other) => other.score - one.score);
  return scored.slice(0, most).map(({ name }) => name);
}

/** How long two names begin alike, and how many pairs of letters they share. */
function likeness(one, other) {
  let alike = 0;
  while (alike < one.length && one[alike] === other[alike]) alike += 1;
  const pairs = new Set();
  for (let at = 0; at + 1 < one.length; at += 1) pairs.add(one.slice(at, at + 2));
  let shared = 0;
  for (const pair of pairs) if (other.includes(pair)) shared += 1;
  return alike * 2 + shared;
}
