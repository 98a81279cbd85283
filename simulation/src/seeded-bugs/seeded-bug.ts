/** A change of the source that breaks a promise. */
export interface Edit {
  /** From the root of the workspace. */
  readonly file: string;
  /** Occurs exactly once in the file: where it does not, the bug has to be seeded anew. */
  readonly find: string;
  readonly replace: string;
}

interface Bug {
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
