import type { Position, Since } from '@statewire/protocol';

import type { RealtimeClientError } from '../core/realtime-client-error.js';

/**
 * Whether a value is current. `live`: it is the server's value. `catching-up`: the client waits for the server's value.
 * `stale`: no transport works, the server cannot serve the topic (`error`), or the server has lost contact with its
 * broker; the value was current at `staleSince`, in milliseconds since the Unix epoch.
 */
export type Freshness =
  | { readonly state: 'live' }
  | { readonly state: 'catching-up' }
  | { readonly state: 'stale'; readonly staleSince: number };

/** The state of a state topic in the client. */
export interface TopicState<T> {
  /** The value to show: `confirmed` with the optimistic updates of unanswered actions on top. */
  readonly value: T | undefined;
  /**
   * The server's value at `position`. It is the same object as `value` while no update is pending. Undefined before the
   * first snapshot, and while the application may not see the value.
   */
  readonly confirmed: T | undefined;
  /** Number of optimistic updates in `value`. 0: `value` is the server's value. */
  readonly pending: number;
  /** Position of `confirmed`; undefined before the first answer. */
  readonly position: Position | undefined;
  /** Whether `confirmed` is current: `live` only while nothing can be missing. */
  readonly freshness: Freshness;
  /**
   * The reason why the client does not follow the topic: it is forbidden, unknown, closed, or of the other kind. If the
   * error is `temporary`, such as `unavailable`, `internal` or `timeout`, the client tries again by itself, keeps the
   * value, and clears the error when the topic works.
   */
  readonly error: RealtimeClientError | undefined;
}

/** One delivery of an event topic: an event, or `lost` if events are missing. */
export type EventDelivery<T> =
  | {
      readonly type: 'event';
      readonly data: T;
      readonly position: Position;
      /** When the server published the event, in milliseconds since the Unix epoch, if the server sends it. */
      readonly publishedAt: number | undefined;
    }
  /**
   * The events between the last delivery and `position` are missing, because the server's history no longer has them.
   */
  | { readonly type: 'lost'; readonly position: Position };

/** Options of `events()` and `deliveries()`. */
export interface EventOptions {
  /** A position, or `oldest` for all events that the server still has. Default: events from now on. */
  readonly since?: Since;
  /**
   * Called when the server cannot serve the topic for now, or has lost contact with its broker. The error is
   * `temporary`: the client tries again by itself, and misses no event without a `lost`. Called again after the topic
   * has worked meanwhile, or for another error.
   */
  readonly onUnavailable?: (error: RealtimeClientError) => void;
}
