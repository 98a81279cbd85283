/**
 * Parts of the client that `@statewire/angular` uses. The entry point is published, but it is exempt from semantic
 * versioning: any release may change it, so a package that imports it must depend on one exact version.
 */
export { applyUpdate, listUpdates } from './topics/optimistic-update.js';
