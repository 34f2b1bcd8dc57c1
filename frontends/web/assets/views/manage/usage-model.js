/** What was used, summed for showing and for a file. Knows nothing of elements. */

/**
 * @typedef {{prompt: number, cached: number, completion: number, cost: number, requests: number, isEstimated: boolean}} Sum
 * @typedef {{day: number, model: string, project?: string, project_name: string, requests: number, usage: any}} Row
 */

export const DAY = 86_400_000;

/** @returns {Sum} */
function nothing() {
  return { prompt: 0, cached: 0, completion: 0, cost: 0, requests: 0, isEstimated: false };
}

/** @param {Sum} sum @param {Row} row */
function add(sum, row) {
  sum.prompt += row.usage.prompt_tokens;
  sum.cached += row.usage.cached_tokens;
  sum.completion += row.usage.completion_tokens;
  sum.cost += row.usage.cost_micros / 1_000_000;
  sum.requests += row.requests;
  sum.isEstimated ||= row.usage.is_estimated;
  return sum;
}

/** All rows together. @param {Row[]} rows */
export function total(rows) {
  return rows.reduce(add, nothing());
}

/**
 * Sums by what a row is for, the largest first.
 * @param {Row[]} rows
 * @param {(row: Row) => string} nameOf
 * @returns {{name: string, sum: Sum}[]}
 */
export function sums(rows, nameOf) {
  const found = new Map();
  for (const row of rows) {
    const name = nameOf(row);
    found.set(name, add(found.get(name) ?? nothing(), row));
  }
  const list = [...found].map(([name, sum]) => ({ name, sum }));
  return list.sort((one, other) => other.sum.prompt + other.sum.completion - one.sum.prompt - one.sum.completion);
}

/**
 * A point for each day from the first to the last, days without anything too.
 * @param {Row[]} rows
 * @param {number} since the first day wanted, or 0 for the first there is
 * @param {number} now
 * @returns {{day: number, sum: Sum}[]}
 */
export function days(rows, since, now) {
  const last = Math.floor(now / DAY) * DAY;
  const first = since > 0 ? Math.ceil(since / DAY) * DAY : Math.min(last, ...rows.map((row) => row.day));
  const found = new Map();
  for (const row of rows) found.set(row.day, add(found.get(row.day) ?? nothing(), row));
  const list = [];
  for (let day = first; day <= last; day += DAY) list.push({ day, sum: found.get(day) ?? nothing() });
  return list;
}

/** The day as it is written in a file. @param {number} day */
export function isoDay(day) {
  return new Date(day).toISOString().slice(0, 10);
}

/** The rows as a file for a spreadsheet. @param {Row[]} rows */
export function csv(rows) {
  const head = ['day', 'model', 'project', 'requests', 'prompt_tokens', 'cached_tokens', 'completion_tokens', 'cost', 'is_estimated'];
  const lines = rows.map((row) => [
    isoDay(row.day), row.model, row.project_name, row.requests, row.usage.prompt_tokens, row.usage.cached_tokens,
    row.usage.completion_tokens, (row.usage.cost_micros / 1_000_000).toFixed(6), row.usage.is_estimated,
  ]);
  return [head, ...lines].map((line) => line.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** A cell that no spreadsheet takes for a formula, and no comma splits. @param {unknown} value */
function cell(value) {
  const text = String(value);
  const plain = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
