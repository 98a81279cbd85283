import type { DeltaCapability } from './delta/delta.js';
import type { AnsweredActions, ErrorFrame, ServerFrame, TopicRequest } from './frames.js';
import type { Json } from './json.js';
import type { Position } from './position.js';
import type { TopicKind } from './topic.js';

/** Body of `POST {httpPath}/poll`. */
export interface PollRequest extends AnsweredActions {
  /** The same value as `clientId` of `hello`. */
  readonly clientId: string;
  /** The same value as `contract` of `hello`. */
  readonly contract?: number;
  /** The topics to catch up with. The answer has the frames of each. */
  readonly topics: readonly TopicRequest[];
  /**
   * Seconds for which the server holds the request until a topic has a change or a new error. 0–25. Default 0: it
   * answers at once.
   */
  readonly wait?: number;
  /** The same value as `deltas` of `hello`. */
  readonly deltas?: readonly DeltaCapability[];
}

/** Answer of `POST {httpPath}/poll`: for each topic the same frames as `subscribe` would send. */
export interface PollResponse {
  /** The frames of all topics. Those of one topic are in order. */
  readonly frames: readonly ServerFrame[];
  /** Whether the client may open a WebSocket now. */
  readonly websocket: boolean;
  /** The server's clock, in milliseconds since the Unix epoch. */
  readonly serverTime: number;
  /** The same value as `minContract` of `welcome`. */
  readonly minContract?: number;
  /** Some topics did not fit. The client polls again at once. */
  readonly more?: true;
}

/** Body of `POST {httpPath}/actions`. */
export interface ActionRequest extends AnsweredActions {
  /** The same value as `clientId` of `hello`. */
  readonly clientId: string;
  /** The same value as `contract` of `hello`. */
  readonly contract?: number;
  /** Chosen by the client, as `id` of an `action` frame. Both transports share one set of ids. */
  readonly id: string;
  /** The action name, in the form of a topic name: `battles/pause`. */
  readonly name: string;
  /** Input of the handler. Absent: the action has none. */
  readonly data?: Json;
  /** The same as `again` of an `action` frame. Both transports count. */
  readonly again?: boolean;
  /** The same as `age` of an `action` frame. */
  readonly age?: number;
}

/** A value that a service publishes. */
export interface ServicePublication {
  /** Name of a topic that the server has a handler for, and no presence topic. */
  readonly topic: string;
  /** The value (state) or the event. */
  readonly data: Json;
}

/** Body of `POST {httpPath}/publish`: one publication, or up to 128. Those of one topic keep their order. */
export type PublishRequest = ServicePublication | { readonly publications: readonly ServicePublication[] };

/**
 * Answer of `POST {httpPath}/publish`: the position of the publication. A list of publications gets a list of results
 * in the same order, each a position or an `error` frame.
 */
export type PublishResponse = Position | { readonly results: readonly (Position | ErrorFrame)[] };

/**
 * Answer of `GET {httpPath}/snapshot?topic=…`: the content of one topic at a position. The `data` of a state topic at
 * offset 0 is null. `events` are the events that the server keeps, in order. `staleSince` is that of `subscribed`.
 */
export type SnapshotResponse =
  | {
      readonly kind: Extract<TopicKind, 'state'>;
      readonly epoch: string;
      readonly offset: number;
      readonly staleSince?: number;
      readonly data: Json;
    }
  | {
      readonly kind: Extract<TopicKind, 'events'>;
      readonly epoch: string;
      readonly offset: number;
      readonly staleSince?: number;
      readonly events: readonly { readonly offset: number; readonly data: Json }[];
    };

/** Answer of `GET {httpPath}/config`: the current switches. */
export interface ConfigResponse {
  /** Whether the client may open a WebSocket now. */
  readonly websocket: boolean;
  /** `interval`: milliseconds from the start of a poll to the start of the next one. */
  readonly poll: { readonly interval: number };
  /** Milliseconds for which the server remembers an answer that the client does not confirm. */
  readonly actionWindow: number;
  /** The largest action in bytes. 0: no limit. Absent: unknown. */
  readonly frameBytes?: number;
  /** The same value as `minContract` of `welcome`. */
  readonly minContract?: number;
}
