import type { ClientServices } from './client-services.js';
import type { StatusStore } from './status-store.js';

/** Compares the contract of the client with the oldest one that the server supports. */
export class ContractCheck {
  readonly #services: ClientServices;
  readonly #statusStore: StatusStore;

  #isReported = false;

  constructor(services: ClientServices, statusStore: StatusStore) {
    this.#services = services;
    this.#statusStore = statusStore;
  }

  /**
   * Updates the status, and calls `onOutdated` once. A client without a contract counts as older than every version.
   */
  compare({ minContract = 0 }: { readonly minContract?: number }): void {
    const { contract = 0, onOutdated, reportError } = this.#services.options;
    const outdated = minContract > contract;
    this.#statusStore.update({ ...this.#statusStore.status, outdated });
    if (!outdated || this.#isReported) return;
    this.#isReported = true;
    try {
      onOutdated?.(minContract);
    } catch (error) {
      reportError(error);
    }
  }
}
