import type { ServerFrame, TopicRequest } from './frames.js';
import type { Json } from './json.js';
import type { TopicKind } from './topic.js';

/** Body of `POST {httpPath}/poll`. */
export interface PollRequest {
  readonly clientId: string;
  readonly topics: readonly TopicRequest[];
  /** Seconds for which the server holds the request until a topic has a change or a new error. At most 25. */
  readonly wait?: number;
}

/** Answer of `POST {httpPath}/poll`: for each topic the same frames as `subscribe` would send. */
export interface PollResponse {
  readonly frames: readonly ServerFrame[];
  /** Whether the client may open a WebSocket now. */
  readonly websocket: boolean;
  readonly serverTime: number;
  /** Some topics did not fit. The client polls again at once. */
  readonly more?: true;
}

/** Body of `POST {httpPath}/actions`. */
export interface ActionRequest {
  readonly clientId: string;
  readonly id: string;
  readonly name: string;
  readonly data?: Json;
}

/** Answer of `GET {httpPath}/snapshot?topic=…`. */
export type SnapshotResponse =
  | { readonly kind: Extract<TopicKind, 'state'>; readonly epoch: string; readonly offset: number; readonly data: Json }
  | {
      readonly kind: Extract<TopicKind, 'events'>;
      readonly epoch: string;
      readonly offset: number;
      readonly events: readonly { readonly offset: number; readonly data: Json }[];
    };

/** Answer of `GET {httpPath}/config`: the current switches. */
export interface ConfigResponse {
  readonly websocket: boolean;
  readonly poll: { readonly interval: number };
  readonly actionWindow: number;
}
