/** Numbers and moments as people read them. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const yearFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const numberFormat = new Intl.NumberFormat();

/** The time of day. @param {number} at milliseconds */
function clock(at) {
  return clockFormat.format(at);
}

/** A date without a time. @param {number} at */
function date(at) {
  return new Date(at).getFullYear() === new Date().getFullYear() ? dayFormat.format(at) : yearFormat.format(at);
}

/** Date and time, complete. @param {number} at */
function dateTime(at) {
  return fullFormat.format(at);
}

/** How long ago, short. @param {number} at @param {number} [now] */
function ago(at, now = Date.now()) {
  const past = Math.max(0, now - at);
  if (past < MINUTE) return 'now';
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min`;
  if (past < DAY) return `${Math.floor(past / HOUR)} h`;
  if (past < 14 * DAY) return `${Math.floor(past / DAY)} d`;
  return date(at);
}

/** The day as a heading: Today, Yesterday, a weekday, a month. @param {number} at @param {number} [now] */
function dayGroup(at, now = Date.now()) {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (at >= midnight) return 'Today';
  if (at >= midnight - DAY) return 'Yesterday';
  if (at >= midnight - 6 * DAY) return weekdayFormat.format(at);
  if (at >= midnight - 30 * DAY) return 'Last 30 days';
  return new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' }).format(at);
}

/** A length of time. @param {number} ms */
function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Minutes and seconds that count down. @param {number} ms */
function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** @param {number} bytes */
function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Tokens, short. @param {number} count */
function tokens(count) {
  if (count < 1000) return String(count);
  if (count < 99_950) return `${(count / 1000).toFixed(1)}k`;
  if (count < 999_500) return `${Math.round(count / 1000)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

/** @param {number} count */
function number(count) {
  return numberFormat.format(count);
}

/** Money in whatever currency the prices are, which nobody told; small sums with more digits. @param {number} amount */
function money(amount) {
  const digits = amount !== 0 && Math.abs(amount) < 1 ? 4 : 2;
  return new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: digits }).format(amount);
}

/** One or many. @param {number} count @param {string} one @param {string} [many] */
function plural(count, one, many = `${one}s`) {
  return `${numberFormat.format(count)} ${count === 1 ? one : many}`;
}

/** The last part of a path. @param {string} path */
function baseName(path) {
  return path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
}

export { ago, baseName, clock, countdown, date, dateTime, dayGroup, duration, money, number, plural, size, tokens };
