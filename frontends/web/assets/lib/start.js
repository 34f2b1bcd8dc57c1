/** What the server said at boot: version, workspace, model, mode. Changes of settings refresh it. */
import { signal } from '../vendor/signals.js';
import { get } from './api.js';

/**
 * @typedef {{version: string, server?: string, workspace: string, home?: string, seq: number, is_configured: boolean,
 *   model?: string, mode?: string, endpoint?: string, warnings?: string[], settings: Record<string, unknown>}} Start
 */

/** @type {import('../vendor/signals.js').Signal<Start>} */
const start = signal({ version: '', workspace: '', seq: 0, is_configured: true, settings: {} });

/** @param {Start} said */
function setStart(said) {
  start.value = said;
}

/** Asks again. */
async function refreshStart() {
  setStart(await get('/api/start', { workspace: start.value.workspace || undefined }));
}

export { refreshStart, setStart, start };
