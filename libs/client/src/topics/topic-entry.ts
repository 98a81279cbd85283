import type { EventStore } from './event-store.js';
import type { StateStore } from './state-store.js';

/** A topic that the application follows. */
export interface TopicEntry {
  readonly name: string;
  readonly store: StateStore | EventStore;
  /**
   * The subscription that delivers the topic over a live WebSocket. While there is one, poll responses do not count.
   */
  subscription: object | undefined;
  /** Whether the client does not request the topic for now, because of a temporary error. */
  isDeferred: boolean;
  /** Number of temporary errors in a row. */
  failures: number;
}
