import type { Position } from '@statewire/protocol';

import type { RealtimeClientError } from '../core/realtime-client-error.js';

/** How true a value is now. Stale is not an error: the value was true at `since`. */
export type Freshness =
  { readonly state: 'live' } | { readonly state: 'catching-up' } | { readonly state: 'stale'; readonly since: number };

/** A state topic as the client knows it. */
export interface TopicState<T> {
  /** What to show: the confirmed value with the optimistic updates of unanswered actions on top. */
  readonly value: T | undefined;
  /** The server's value at `position`; the same object as `value` while nothing is pending. Undefined until the first snapshot. */
  readonly confirmed: T | undefined;
  /** How many optimistic updates are in `value`, or wait for one; 0: it is the server's. */
  readonly pending: number;
  /** Of `confirmed`. */
  readonly position: Position | undefined;
  readonly freshness: Freshness;
  /** Set while the topic cannot be followed: refused, unknown, closed, of another kind. */
  readonly error: RealtimeClientError | undefined;
}

/** What an event topic delivers: its events, and an honest word where some are gone. */
export type EventDelivery<T> =
  | { readonly type: 'event'; readonly data: T; readonly position: Position; readonly time: number | undefined }
  /** History no longer reaches back to what was seen last. */
  | { readonly type: 'lost'; readonly position: Position };
