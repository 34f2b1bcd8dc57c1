/** What was chosen for a conversation that has not begun: workspace, project, folder, tags. */
import { signal } from '../../lib/dom.js';
import { load, save } from '../../lib/prefs.js';
import { start } from '../../lib/start.js';

const MAX_RECENT = 6;

export class FreshChoice {
  /** @param {URLSearchParams} query */
  constructor(query) {
    this.project = signal(query.get('project') ?? '');
    this.folder = query.get('folder') ?? '';
    this.workspace = signal(query.get('workspace') ?? (this.project.value ? '' : start.peek().workspace));
    this.tags = signal(/** @type {string[]} */ ([]));
  }

  /** Keeps the workspace at hand for the next time. */
  remember() {
    const { value } = this.workspace;
    if (value) save('workspaces', [value, ...recentWorkspaces().filter((one) => one !== value)].slice(0, MAX_RECENT));
  }
}

/** @returns {string[]} */
export const recentWorkspaces = () => load('workspaces', []);
