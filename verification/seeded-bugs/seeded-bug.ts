import type { Edit } from '../support/source-index.js';

/** Edits of the source that break a promise. */
export interface Bug {
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** A realistic bug, and the scenario that must find it. */
export interface SeededBug extends Bug {
  /** Name of the scenario. */
  readonly caughtBy: string;
  /** The depth of the exploration. */
  readonly depth: number;
}

/** A bug that random histories must find with a fixed seed. */
export interface HistoryBug extends Bug {
  readonly seed: number;
}

/** A bug that a fault of a distant broker must reveal. */
export interface DistantBug extends Bug {
  /** Name of the fault. */
  readonly caughtBy: string;
}
