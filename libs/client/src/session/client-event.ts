import type { AuthenticatedFrame, ConfigResponse, ErrorFrame, PollResponse, WelcomeFrame } from '@statewire/protocol';

import type { ConnectionFailure } from '../core/connection-failure.js';
import type { StatusReason } from '../core/status.js';
import type { TopicEntry } from '../topics/topic-entry.js';

/** Passes an event to the layer above. */
export type Emit<Event> = (event: Event) => void;

/**
 * The server reported a temporary error of a topic, or sent frames that do not fit (undefined). The client waits the
 * error's `retryAfter` ms, or a backoff if it has none.
 */
export interface TopicDeferredEvent {
  readonly type: 'topic-deferred';
  readonly entry: TopicEntry;
  readonly error: ErrorFrame | undefined;
}

/** Events of the session of one WebSocket. */
export type SessionEvent =
  | { readonly type: 'welcomed'; readonly frame: WelcomeFrame }
  /** The session sent a frame that needs an answer at once. */
  | { readonly type: 'request-sent' }
  | { readonly type: 'publication-received'; readonly topic: string }
  /** `time` is the one of the ping, on the monotonic clock. */
  | { readonly type: 'pong-received'; readonly time: number }
  /** Actions wait for `delay` ms, because the server accepts no more for now. */
  | { readonly type: 'actions-delayed'; readonly delay: number }
  /** The server has answered every `subscribe` of this connection. */
  | { readonly type: 'topics-confirmed' }
  | TopicDeferredEvent
  /** The server closes the connection soon. The client reconnects within `reconnectWithin` ms. */
  | { readonly type: 'draining'; readonly reconnectWithin: number }
  /** The server accepted or rejected a token, or it changed the expiry of the credentials on its own. */
  | { readonly type: 'authenticate-answered'; readonly answer: AuthenticatedFrame | ErrorFrame }
  /** The server rejected the whole connection. It closes the connection next. */
  | { readonly type: 'connection-rejected'; readonly reason: StatusReason };

/** Events of the liveness probe of one WebSocket. */
export type LivenessEvent =
  | { readonly type: 'ping-due' }
  /** No frame followed a ping in time, or the machine slept. The connection stays open. */
  | { readonly type: 'suspected'; readonly reason: StatusReason }
  /** A frame arrived after the suspicion. */
  | { readonly type: 'recovered' }
  /** No frame followed a ping within the heartbeat's `timeout`. */
  | { readonly type: 'timed-out' };

/** Events of one WebSocket connection: those of its parts, and its own. `connection` names the source. */
export type ConnectionEvent<Connection> = { readonly connection: Connection } & (
  | SessionEvent
  | LivenessEvent
  /** The session sent `hello` and every `subscribe`. Actions may follow. */
  | { readonly type: 'greeted' }
  | { readonly type: 'round-trip-measured' }
  /** The connection has ended. It emits no more events. */
  | { readonly type: 'lost'; readonly failure: ConnectionFailure }
);

/** Events of the connector, which opens one WebSocket after the other. */
export type ConnectorEvent =
  | { readonly type: 'attempt-started' }
  /** The connector waits before its next attempt. */
  | { readonly type: 'attempt-postponed'; readonly failure: ConnectionFailure }
  /** The server rejected the client permanently. */
  | { readonly type: 'denied'; readonly reason: StatusReason };

/** Events of the HTTP transport. */
export type HttpEvent =
  | { readonly type: 'config-received'; readonly config: ConfigResponse }
  | { readonly type: 'poll-answered'; readonly response: PollResponse }
  | { readonly type: 'poll-failed'; readonly failure: ConnectionFailure }
  | { readonly type: 'action-acknowledged' }
  /** The code of the fallback is there, so polls and actions over HTTP are possible. */
  | { readonly type: 'fallback-loaded' }
  | TopicDeferredEvent;

/**
 * A change of the host.
 *
 * - `online`, `visible`: the network is back, or the page is visible or no longer frozen.
 * - `hidden`, `shown`: the user left the page, or the page is back from the back/forward cache.
 * - `suspended`: the machine slept, or the page was frozen. A connection from before may be dead.
 * - `late`: a timer ran late.
 */
export type HostChange = 'online' | 'visible' | 'hidden' | 'shown' | 'suspended' | 'late';

/** A deferred topic may be requested again. */
export interface TopicRetryDueEvent {
  readonly type: 'topic-retry-due';
  readonly entry: TopicEntry;
}

/** Another user may be signed in. */
export interface IdentityChangedEvent {
  readonly type: 'identity-changed';
}

/** Everything that the connection manager handles. */
export type ClientEvent<Connection> =
  ConnectionEvent<Connection> | ConnectorEvent | HttpEvent | TopicRetryDueEvent | IdentityChangedEvent;
