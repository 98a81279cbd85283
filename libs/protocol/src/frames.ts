import type { ErrorCode, UnsubscribedCode } from './error-code.js';
import type { Json } from './json.js';
import type { Position, Since } from './position.js';
import type { TopicKind } from './topic.js';

/** Client → server. The first frame of a connection. */
export interface HelloFrame {
  readonly type: 'hello';
  readonly clientId: string;
  readonly token?: string;
}

/** Client → server. Replaces the credentials of the connection with new ones of the same identity. */
export interface AuthenticateFrame {
  readonly type: 'authenticate';
  readonly token: string;
  readonly ref?: string;
}

/** A topic that a client requests, and the start of its catch-up. */
export interface TopicRequest {
  readonly topic: string;
  readonly since?: Since;
}

/** Client → server. Catches up with topics and subscribes to them. The server sends one answer for each topic. */
export interface SubscribeFrame {
  readonly type: 'subscribe';
  readonly topics: readonly TopicRequest[];
  readonly ref?: string;
}

/** Client → server. Ends subscriptions. */
export interface UnsubscribeFrame {
  readonly type: 'unsubscribe';
  readonly topics: readonly string[];
  readonly ref?: string;
}

/** Client → server. Runs an action. */
export interface ActionFrame {
  readonly type: 'action';
  readonly id: string;
  readonly name: string;
  readonly data?: Json;
}

/** Both directions. The receiver answers at once with a `pong` that repeats `time`. */
export interface PingFrame {
  readonly type: 'ping';
  readonly time?: number;
}

/** Both directions. Answers `ping`. */
export interface PongFrame {
  readonly type: 'pong';
  readonly time?: number;
}

export type ClientFrame =
  HelloFrame | AuthenticateFrame | SubscribeFrame | UnsubscribeFrame | ActionFrame | PingFrame | PongFrame;

/** Server → client. Answers `hello`. All durations are in milliseconds. */
export interface WelcomeFrame {
  readonly type: 'welcome';
  readonly connectionId: string;
  readonly serverTime: number;
  readonly heartbeat: { readonly interval: number; readonly timeout: number };
  /** 0 means no limit. The server accepts bursts of twice `framesPerSecond`. */
  readonly limits: { readonly frameBytes: number; readonly subscriptions: number; readonly framesPerSecond?: number };
  readonly actionWindow: number;
  readonly expiresAt?: number;
}

/** Server → client. Answers `authenticate`. Without `ref`, announces that the credentials end at `expiresAt`. */
export interface AuthenticatedFrame {
  readonly type: 'authenticated';
  readonly expiresAt?: number;
  readonly ref?: string;
}

/**
 * Server → client. Answers `subscribe` for one topic. Without `ref`, the server moved the subscription to a new epoch
 * or past a gap.
 */
export interface SubscribedFrame {
  readonly type: 'subscribed';
  readonly topic: string;
  readonly kind: TopicKind;
  readonly epoch: string;
  readonly offset: number;
  readonly recovered: boolean;
  readonly ref?: string;
}

/** Server → client. The whole value of a state topic at `offset`. */
export interface SnapshotFrame {
  readonly type: 'snapshot';
  readonly topic: string;
  readonly epoch: string;
  readonly offset: number;
  readonly data: Json;
  readonly time?: number;
}

/** Server → client. Turns the value at `from` into the value at `offset`. */
export interface PatchFrame {
  readonly type: 'patch';
  readonly topic: string;
  readonly from: number;
  readonly offset: number;
  readonly delta: Json;
  readonly time?: number;
}

/** Server → client. One publication of an event topic. */
export interface EventFrame {
  readonly type: 'event';
  readonly topic: string;
  readonly offset: number;
  readonly data: Json;
  readonly time?: number;
}

/** Server → client. The subscription ended. No frame of the topic follows. */
export interface UnsubscribedFrame {
  readonly type: 'unsubscribed';
  readonly topic: string;
  readonly code: UnsubscribedCode;
  readonly ref?: string;
}

/** The position of a topic after the publications of an action. */
export interface TopicPosition extends Position {
  readonly topic: string;
}

/** Server → client. The result of an action. */
export interface AckFrame {
  readonly type: 'ack';
  readonly id: string;
  readonly data?: Json;
  readonly positions?: readonly TopicPosition[];
}

/** Server → client. A rejected or failed request. `id`, `topic` and `ref` identify the request. */
export interface ErrorFrame {
  readonly type: 'error';
  readonly code: ErrorCode;
  readonly message: string;
  readonly temporary: boolean;
  /** Milliseconds to wait before the next attempt. */
  readonly retryAfter?: number;
  readonly details?: Json;
  readonly id?: string;
  readonly topic?: string;
  readonly ref?: string;
}

/**
 * Server → client. The node is shutting down. The client opens a new connection after a random delay of at most
 * `reconnectWithin` milliseconds, then closes this one.
 */
export interface DrainFrame {
  readonly type: 'drain';
  readonly reconnectWithin: number;
}

export type ServerFrame =
  | WelcomeFrame
  | AuthenticatedFrame
  | SubscribedFrame
  | SnapshotFrame
  | PatchFrame
  | EventFrame
  | UnsubscribedFrame
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
