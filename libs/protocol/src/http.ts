import type { ServerFrame, TopicRequest } from './frames.js';
import type { Json } from './json.js';
import type { TopicKind } from './topic.js';

/** Body of `POST {httpPath}/poll`. */
export interface PollRequest {
  readonly clientId: string;
  readonly topics: readonly TopicRequest[];
  /** Seconds to hold the request until there is news, ≤ 25. */
  readonly wait?: number;
}

/** Answer of `POST {httpPath}/poll`: for each topic exactly what `subscribe` would have sent. */
export interface PollResponse {
  readonly frames: readonly ServerFrame[];
  /** Whether a WebSocket may be opened now. */
  readonly websocket: boolean;
  readonly serverTime: number;
  /** Some topics did not fit: poll again at once. */
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

/** Answer of `GET {httpPath}/config`: the switches as they are now. */
export interface ConfigResponse {
  readonly websocket: boolean;
  readonly poll: { readonly interval: number };
  readonly actionWindow: number;
}
