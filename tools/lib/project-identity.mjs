import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './workspace.mjs';

/**
 * Reads `tools/project-identity.json`, the one file that says where the project lives. A value is null until an owner
 * confirms it.
 *
 * @typedef {{ repository: string | null, homepage: string | null, bugs: string | null, codeOwners: string[] | null }} Identity
 * @returns {Identity}
 */
export function readIdentity() {
  return JSON.parse(readFileSync(join(root, 'tools/project-identity.json'), 'utf8'));
}

/**
 * Returns the fields that a published package.json takes from the identity. Unconfirmed values are left out.
 *
 * @param {Identity} identity
 * @param {string} directory folder of the package in the repository.
 */
export function identityFields({ repository, homepage, bugs }, directory) {
  return {
    ...(repository && { repository: { type: 'git', url: repository, directory } }),
    ...(homepage && { homepage }),
    ...(bugs && { bugs }),
  };
}

/**
 * Returns the text of `.github/CODEOWNERS`, or undefined while the project has no confirmed owners.
 *
 * @param {Identity} identity
 */
export function codeOwnersText({ codeOwners }) {
  return codeOwners ? `* ${codeOwners.join(' ')}\n` : undefined;
}
