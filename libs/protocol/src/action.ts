/** A command of the contract: what a client sends and what it gets back. */
export interface Action<Data = unknown, Result = unknown> {
  /** The name on the wire, shaped like a topic: `battles/pause`. */
  readonly name: string;
  /** Carries the types only; never present at run time. */
  readonly __data?: Data;
  readonly __result?: Result;
}
