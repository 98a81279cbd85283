import type { EventStore } from './event-store.js';
import type { StateStore } from './state-store.js';

/** A topic that somebody follows. */
export interface TopicEntry {
  readonly name: string;
  readonly store: StateStore | EventStore;
  /** The subscription of a live socket that carries the topic now; answers of polls are discarded meanwhile. */
  carrier: object | undefined;
  /** A temporary error said to leave it out for now. */
  resting: boolean;
  /** Temporary errors in a row. */
  failures: number;
}
