import type { DeltaCapability } from './delta/delta.js';
import type { ErrorCode, UnsubscribedCode } from './error-code.js';
import type { Json } from './json.js';
import type { Position, Since } from './position.js';
import type { TopicKind } from './topic.js';

/** The part that every frame and every request of a client has. */
export interface AnsweredActions {
  /**
   * Ids of actions whose answers the client has, at most 128. The server forgets these answers. Absent: none.
   */
  readonly answered?: readonly string[];
}

/** Client → server. The first frame of a connection. */
export interface HelloFrame {
  /** Discriminates {@link ClientFrame}. */
  readonly type: 'hello';
  /** Secret of this client instance, which it chooses once: 22–64 of `[A-Za-z0-9_-]`, at least 128 random bits. */
  readonly clientId: string;
  /**
   * Credential of the application. Absent: the client has the identity of the upgrade's credentials, or is anonymous.
   */
  readonly token?: string;
  /** Version of the application's contract that the client was built with, from 1. Absent: older than every version. */
  readonly contract?: number;
  /** Optional delta operations that the client applies. Absent: none. A server ignores names that it does not know. */
  readonly deltas?: readonly DeltaCapability[];
}

/** Client → server. Replaces the credentials of the connection with new ones of the same identity. */
export interface AuthenticateFrame {
  /** Discriminates {@link ClientFrame}. */
  readonly type: 'authenticate';
  /** The new credential. Another identity than that of the connection is rejected with `forbidden`. */
  readonly token: string;
  /** Chosen by the client: at most 32 characters. The answer repeats it. */
  readonly ref?: string;
}

/** A topic that a client requests, and the start of its catch-up. */
export interface TopicRequest {
  /** The topic name, such as `battles/42`. */
  readonly topic: string;
  /**
   * The position of the client. `"oldest"`: all events that the server keeps. Absent: the current value of a state
   * topic, or the next event. For a state topic `"oldest"` counts as absent.
   */
  readonly since?: Since;
}

/** Client → server. Catches up with topics and subscribes to them. The server sends one answer for each topic. */
export interface SubscribeFrame {
  /** Discriminates {@link ClientFrame}. */
  readonly type: 'subscribe';
  /** One or more topics. Each gets its own answer. */
  readonly topics: readonly TopicRequest[];
  /** Chosen by the client: at most 32 characters. Each answer repeats it. */
  readonly ref?: string;
}

/** Client → server. Ends subscriptions. */
export interface UnsubscribeFrame {
  /** Discriminates {@link ClientFrame}. */
  readonly type: 'unsubscribe';
  /** One or more topic names. Each gets an `unsubscribed`, or an `error` with the code `not_subscribed`. */
  readonly topics: readonly string[];
  /** Chosen by the client: at most 32 characters. Each answer repeats it. */
  readonly ref?: string;
}

/** Client → server. Runs an action. */
export interface ActionFrame {
  /** Discriminates {@link ClientFrame}. */
  readonly type: 'action';
  /** Chosen by the client: 1–64 characters. A client sends a command again with the same id, and it runs once. */
  readonly id: string;
  /** The action name, in the form of a topic name: `battles/pause`. */
  readonly name: string;
  /** Input of the handler. Absent: the action has none. */
  readonly data?: Json;
  /** Whether the client has sent the action before, so that a server may have run it. Absent: it has not. */
  readonly again?: boolean;
  /**
   * With `again`: milliseconds since the client sent the action for the first time. A server that has started earlier
   * than that knows that no process before it got the action.
   */
  readonly age?: number;
}

/** Both directions. The receiver answers at once with a `pong` that repeats `time`. */
export interface PingFrame {
  /** Discriminates {@link ClientFrame} and {@link ServerFrame}. */
  readonly type: 'ping';
  /** Any number. It has a meaning for the sender only. */
  readonly time?: number;
}

/** Both directions. Answers `ping`. */
export interface PongFrame {
  /** Discriminates {@link ClientFrame} and {@link ServerFrame}. */
  readonly type: 'pong';
  /** The `time` of the `ping`. Absent if the `ping` has none. */
  readonly time?: number;
}

/** Every frame that a client sends. */
export type ClientFrame = AnsweredActions &
  (HelloFrame | AuthenticateFrame | SubscribeFrame | UnsubscribeFrame | ActionFrame | PingFrame | PongFrame);

/** Server → client. Answers `hello`. All durations are in milliseconds. */
export interface WelcomeFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'welcome';
  /** Names the connection in the logs of the server and in `RealtimeConnections`. */
  readonly connectionId: string;
  /** The server's clock, in milliseconds since the Unix epoch. */
  readonly serverTime: number;
  /**
   * The server sends a `ping` when it has sent or received no frame for `interval`. If a side receives nothing for
   * `interval + timeout`, the connection is dead.
   */
  readonly heartbeat: { readonly interval: number; readonly timeout: number };
  /**
   * The largest frame in bytes, the number of subscriptions, and the frames per second. 0 means no limit. The server
   * accepts bursts of twice `framesPerSecond`. If it is absent, the client assumes 20.
   */
  readonly limits: { readonly frameBytes: number; readonly subscriptions: number; readonly framesPerSecond?: number };
  /** Time for which the server remembers an unconfirmed answer. A client does not resend an older action. */
  readonly actionWindow: number;
  /** The oldest contract that the server supports. A client with an older one is outdated. Absent: none is. */
  readonly minContract?: number;
  /** Time at which the credentials expire, in milliseconds since the Unix epoch. Absent: they do not expire. */
  readonly expiresAt?: number;
}

/** Server → client. Answers `authenticate`. Without `ref`, announces that the credentials end at `expiresAt`. */
export interface AuthenticatedFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'authenticated';
  /** Time at which the credentials expire, in milliseconds since the Unix epoch. Absent: they do not expire. */
  readonly expiresAt?: number;
  /** The `ref` of the `authenticate` frame. Absent if the server sends the frame on its own. */
  readonly ref?: string;
}

/**
 * Server → client. Answers `subscribe` for one topic. Without `ref`, the server moved the subscription to a new epoch
 * or past a gap.
 */
export interface SubscribedFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'subscribed';
  /** The topic name, such as `battles/42`. */
  readonly topic: string;
  /** The kind of the topic on the server. A client with another kind in its contract applies nothing. */
  readonly kind: TopicKind;
  /** The epoch of all later frames of this subscription. */
  readonly epoch: string;
  /** The newest offset. Frames up to it belong to the catch-up. 0: the topic has no publication yet. */
  readonly offset: number;
  /** Whether the catch-up continues from `since`. If not, a snapshot follows, or the past events are missing. */
  readonly recovered: boolean;
  /**
   * The topic is stale, as after a `stale` frame with this `since`. Absent: the topic is current with the publication
   * at `offset`.
   */
  readonly staleSince?: number;
  /** The `ref` of the `subscribe` frame. Absent if the server sends the frame on its own, and in poll answers. */
  readonly ref?: string;
}

/** Server → client. The whole value of a state topic at `offset`. */
export interface SnapshotFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'snapshot';
  /** The topic name, such as `battles/42`. */
  readonly topic: string;
  /** The epoch of `offset`. */
  readonly epoch: string;
  /** The offset of the last publication that `data` includes. */
  readonly offset: number;
  /** The value. */
  readonly data: Json;
  /** Time of the publication, in milliseconds since the Unix epoch. A server may omit it. */
  readonly time?: number;
}

/** Server → client. Turns the value at `from` into the value at `offset`. */
export interface PatchFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'patch';
  /** The topic name, such as `battles/42`. */
  readonly topic: string;
  /** The offset at which the delta applies, at least 1. A client with another offset does not apply the patch. */
  readonly from: number;
  /** The offset of the value after the patch. Greater than `from` by 1 or more. */
  readonly offset: number;
  /** A {@link Delta}. A client applies it with `applyDelta()`. */
  readonly delta: Json;
  /** Time of the newest publication, in milliseconds since the Unix epoch. A server may omit it. */
  readonly time?: number;
}

/** Server → client. One publication of an event topic. */
export interface EventFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'event';
  /** The topic name, such as `players/7/notifications`. */
  readonly topic: string;
  /** The offset of the event: one above that of the event before. */
  readonly offset: number;
  /** The published event. */
  readonly data: Json;
  /** Time of the publication, in milliseconds since the Unix epoch. A server may omit it. */
  readonly time?: number;
}

/** Server → client. The subscription ended. No frame of the topic follows. */
export interface UnsubscribedFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'unsubscribed';
  /** The topic name, such as `battles/42`. */
  readonly topic: string;
  /**
   * The reason. After `forbidden` and `unauthorized` the client discards its value. It treats unknown codes as
   * `closed`.
   */
  readonly code: UnsubscribedCode;
  /** The `ref` of the `unsubscribe` frame. Absent if the server ends the subscription on its own. */
  readonly ref?: string;
}

/**
 * Server → client. The server has lost contact with its broker. The values of the topics may be out of date until
 * `fresh`.
 */
export interface StaleFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'stale';
  /** The time from which the server may have missed publications, in milliseconds since the Unix epoch. */
  readonly since: number;
  /** Names of subscribed topics, at least one. Absent: all topics of the connection. */
  readonly topics?: readonly string[];
}

/** Server → client. The topics are current again. The server has sent every publication that it had missed. */
export interface FreshFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'fresh';
  /** Names of subscribed topics, at least one. Absent: all topics of the connection. */
  readonly topics?: readonly string[];
}

/** The position of a topic after the publications of an action. */
export interface TopicPosition extends Position {
  /** The topic name, such as `battles/42`. */
  readonly topic: string;
}

/** Server → client. The result of an action. */
export interface AckFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'ack';
  /** The `id` of the action. */
  readonly id: string;
  /** The result of the handler. Absent if it returns nothing. */
  readonly data?: Json;
  /**
   * Positions after the publications of the handler, of the topics that the client follows. Over HTTP: of the topics
   * that it may read. The client drops its optimistic update when all have arrived. Absent: there are none.
   */
  readonly positions?: readonly TopicPosition[];
}

/** Server → client. A rejected or failed request. `id`, `topic` and `ref` identify the request. */
export interface ErrorFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'error';
  /** A key of {@link ERROR_CODES}. A client treats unknown codes as `internal`. */
  readonly code: ErrorCode;
  /** With `action_failed`: the reason that the application gives. Else a text for developers, without internals. */
  readonly message: string;
  /** Whether the same request can succeed later. */
  readonly temporary: boolean;
  /** Milliseconds to wait before the next attempt. */
  readonly retryAfter?: number;
  /**
   * With `validation_failed`: the invalid fields and their faults. With `unauthorized`: `{ expired: true }` for an
   * expired token.
   */
  readonly details?: Json;
  /** The `id` of the action that failed. Absent for other requests. */
  readonly id?: string;
  /** The topic that failed. Absent for requests without a topic. */
  readonly topic?: string;
  /** The `ref` of the frame that failed. Absent if the frame has none. */
  readonly ref?: string;
}

/**
 * Server → client. The node is shutting down. The client opens a new connection after a random delay of at most
 * `reconnectWithin` milliseconds, then closes this one.
 */
export interface DrainFrame {
  /** Discriminates {@link ServerFrame}. */
  readonly type: 'drain';
  /** Upper bound of the random delay, in milliseconds. 0: the client reconnects at once. */
  readonly reconnectWithin: number;
}

/** Every frame that a server sends. */
export type ServerFrame =
  | WelcomeFrame
  | AuthenticatedFrame
  | SubscribedFrame
  | SnapshotFrame
  | PatchFrame
  | EventFrame
  | UnsubscribedFrame
  | StaleFrame
  | FreshFrame
  | AckFrame
  | ErrorFrame
  | PingFrame
  | PongFrame
  | DrainFrame;

/** Frames of one topic. `subscribe` and polls answer with them. */
export type TopicFrame =
  | SubscribedFrame
  | SnapshotFrame
  | PatchFrame
  | EventFrame
  | UnsubscribedFrame
  | (ErrorFrame & { readonly topic: string });
