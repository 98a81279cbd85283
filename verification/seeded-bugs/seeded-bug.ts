import type { Edit } from '../support/source-index.js';

/** Edits of the source that break a promise. */
export interface Bug {
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** A bug that somebody could have written, and the scenario whose exploration has to find it. */
export interface SeededBug extends Bug {
  /** Name of the scenario. */
  readonly caughtBy: string;
  /** Depth to which it has to be explored. */
  readonly depth: number;
}

/** One that random histories have to find, from a fixed seed on. */
export interface HistoryBug extends Bug {
  readonly seed: number;
}
