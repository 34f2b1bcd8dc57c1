/**
 * The state of connecting to a model: what was found, what is chosen, what a test showed, and saving it. Knows nothing
 * of elements.
 */
import { batch, computed, signal } from '../../lib/dom.js';
import { get, op, problemOf, request } from '../../lib/api.js';
import { draft } from '../../lib/prefs.js';
import { refreshStart, start } from '../../lib/start.js';
import { toast } from '../../lib/toast.js';
import { nearest, parsed, urlFixes } from './url-fixes.js';

/** The steps of a test in their order. */
export const STEPS = ['connect', 'models', 'stream', 'tools'];
const KEYS = ['ai.base_url', 'ai.api_key', 'ai.api_key_command', 'ai.model', 'safety.approval_mode'];

/** @param {object|null} spec null is the one that is configured */
async function testing(spec) {
  const headers = { 'Content-Type': 'application/json' };
  return (await request('/api/endpoints/test', { method: 'POST', headers, body: JSON.stringify(spec) })).json();
}

/** The state of one visit of the page. */
export function connection() {
  const settings = signal(/** @type {Record<string, any>} */ ({}));
  const found = signal(/** @type {any[]|null} */ (null));
  const isScanning = signal(false);
  const choice = signal('');
  const baseUrl = signal('');
  const keyKind = signal('none');
  const key = signal('');
  const model = signal('');
  const mode = signal('ask_for_writes');
  const test = signal(/** @type {{isRunning: boolean, url: string, report: any, problem: any}} */ ({
    isRunning: false, url: '', report: null, problem: null,
  }));
  /** Whether a model calls tools, as far as it was tried. */
  const canTools = signal(/** @type {Record<string, boolean>} */ ({}));
  const problem = signal(/** @type {any} */ (null));
  let round = 0;

  const address = computed(() => (choice.value === 'other' ? baseUrl.value.trim() : choice.value));
  const models = computed(() => test.value.report?.models ?? []);
  const saved = (/** @type {string} */ name) => settings.value[name];
  /** What the environment or a flag holds, which no page can change. */
  const locked = computed(() =>
    KEYS.map(saved).filter((one) => one && ['environment', 'flag'].includes(one.origin.origin)));
  const isLocked = (/** @type {string} */ name) => locked.value.some((one) => one.key === name);
  const hasSavedKey = computed(() => Boolean(saved('ai.api_key')?.value || saved('ai.api_key_command')?.value));
  /** What is offered for the address that is written. */
  const fixes = computed(() => {
    const url = address.value;
    const steps = test.value.url === url ? (test.value.report?.steps ?? []) : [];
    const isFailing = steps.some((step) => step.problem && step.name !== 'tools');
    return urlFixes(url).filter((fix) => !fix.isScheme || isFailing);
  });
  /** The saved model, if the endpoint does not list it any more, with those most like it. */
  const vanished = computed(() => {
    const was = saved('ai.model')?.value;
    const isSame = address.value === saved('ai.base_url')?.value;
    if (!was || !isSame || models.value.length === 0 || models.value.includes(was)) return null;
    return { name: was, nearest: nearest(was, models.value) };
  });
  const isReady = computed(() => {
    const steps = test.value.report?.steps ?? [];
    return test.value.url === address.value && steps.some((step) => step.name === 'stream' && !step.problem);
  });

  async function load() {
    try {
      const report = await get('/api/config');
      batch(() => {
        settings.value = Object.fromEntries(report.settings.map((one) => [one.key, one]));
        const url = saved('ai.base_url')?.value ?? '';
        mode.value = saved('safety.approval_mode')?.value ?? mode.value;
        model.value = saved('ai.model')?.value ?? '';
        baseUrl.value = url;
        choice.value = url ? 'other' : '';
        if (hasSavedKey.value) keyKind.value = 'saved';
      });
    } catch (thrown) {
      problem.value = problemOf(thrown);
    }
    await scan();
  }

  async function scan() {
    isScanning.value = true;
    try {
      found.value = await get('/api/endpoints');
    } catch (thrown) {
      batch(() => {
        found.value = found.value ?? [];
        problem.value = problemOf(thrown);
      });
    }
    isScanning.value = false;
    const known = found.value?.find((one) => one.base_url === saved('ai.base_url')?.value);
    if (known && choice.value === 'other') choice.value = known.base_url;
    // On the very first visit the first one found is tried: it is on this machine, and no key is sent.
    if (!choice.value && !saved('ai.base_url')?.value) {
      const first = found.value?.[0];
      if (first) await choose(first.base_url);
      else choice.value = 'other';
    }
  }

  async function choose(/** @type {string} */ next) {
    batch(() => {
      choice.value = next;
      if (next !== 'other' && keyKind.value !== 'saved') keyKind.value = 'none';
    });
    if (next !== 'other') await run();
  }

  /** Tries the address that is chosen; the model as well, if one is. */
  async function run(wanted = model.value) {
    const mine = ++round;
    const url = address.value;
    if (!parsed(url)) return;
    test.value = { ...test.value, isRunning: true, url, problem: null, report: wanted && test.value.url === url ? test.value.report : null };
    try {
      const spec = await specOf(url, wanted);
      const report = await testing(spec);
      if (mine !== round) return;
      took(url, report, wanted);
    } catch (thrown) {
      if (mine === round) test.value = { isRunning: false, url, report: null, problem: problemOf(thrown) };
    }
  }

  /** What is to be tested; null for what is configured, which is saved before where only the host has the key. */
  async function specOf(/** @type {string} */ url, /** @type {string} */ wanted) {
    const kind = effectiveKind();
    if (kind !== 'saved') {
      return { base_url: url, api_key: kind === 'paste' ? key.value.trim() : null, model: wanted || null };
    }
    await writeConnection();
    if (wanted && wanted !== saved('ai.model')?.value && !isLocked('ai.model')) await change('ai.model', wanted);
    return null;
  }

  function took(/** @type {string} */ url, /** @type {any} */ report, /** @type {string} */ wanted) {
    batch(() => {
      test.value = { isRunning: false, url, report, problem: null };
      const tools = report.steps.find((step) => step.name === 'tools');
      if (tools && report.model) canTools.value = { ...canTools.value, [report.model]: !tools.problem };
      const isListed = report.models.includes(model.value);
      const offered = report.models.includes(report.model) ? report.model : (report.models[0] ?? report.model ?? '');
      if (!model.value || (!isListed && report.models.length > 0 && !vanished.value)) model.value = offered;
    });
    // A model of another server stands in the way of trying this one.
    if (wanted && report.models.length > 0 && !report.models.includes(wanted) && model.value !== wanted) void run(model.value);
  }

  async function pick(/** @type {string} */ name) {
    model.value = name;
    await run(name);
  }

  async function change(/** @type {string} */ name, /** @type {unknown} */ value) {
    if (isLocked(name)) return;
    const isUnset = value === null || value === '';
    const one = saved(name);
    if (isUnset) {
      if (one?.origin.origin !== 'user') return;
      await op('setting', { verb: 'reset', key: name });
    } else {
      if (one && !one.is_secret && one.value === value) return;
      await op('setting', { verb: 'change', key: name, value });
    }
    const origin = isUnset ? { origin: 'default' } : { origin: 'user' };
    settings.value = { ...settings.value, [name]: { ...one, value: isUnset ? one?.default : value, origin } };
  }

  /** The address and its key. A key of another address is taken away before the address changes. */
  async function writeConnection() {
    const kind = effectiveKind();
    if (kind !== 'saved') {
      await change('ai.api_key_command', null);
      await change('ai.api_key', null);
    }
    await change('ai.base_url', address.value);
    if (kind === 'paste') await change('ai.api_key', key.value.trim());
  }

  /** Where the key comes from. A server that was found gets the saved one only where it is its own. */
  function effectiveKind() {
    if (choice.value === 'other') return keyKind.value;
    const isItsOwn = address.value === saved('ai.base_url')?.value;
    return keyKind.value === 'saved' && isItsOwn ? 'saved' : 'none';
  }

  /** Saves all of it. */
  async function save() {
    await writeConnection();
    if (model.value) await change('ai.model', model.value);
    await change('safety.approval_mode', mode.value);
    await refreshStart();
  }

  /**
   * Opens a conversation and sends its first message, without waiting for that: the page of the conversation does. A
   * message that is not taken becomes its draft.
   * @param {string} text
   * @returns {Promise<string>} its id
   */
  async function begin(text) {
    const { workspace } = start.value;
    const conversation = await op('conversation', { verb: 'open', workspace, title: '' });
    const input = [{ type: 'text', text }];
    op('turn', { verb: 'start', conversation, input, options: { is_attended: true } }).catch((thrown) => {
      draft.save(conversation, text);
      toast(problemOf(thrown).message, { kind: 'error' });
    });
    return conversation;
  }

  return {
    address, baseUrl, begin, canTools, choice, choose, fixes, found, hasSavedKey, isLocked, isReady, isScanning,
    key, keyKind, load, locked, mode, model, models, pick, problem, run, save, saved, scan, test, vanished,
  };
}
