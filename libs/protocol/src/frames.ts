import type { ErrorCode, UnsubscribedCode } from './error-code.js';
import type { Json } from './json.js';
import type { Position, Since } from './position.js';
import type { TopicKind } from './topic.js';

/** Client → server. The first frame of a connection, once. */
export interface HelloFrame {
  readonly type: 'hello';
  readonly clientId: string;
  readonly token?: string;
}

/** Client → server. Replaces the credentials of the same identity in place. */
export interface AuthenticateFrame {
  readonly type: 'authenticate';
  readonly token: string;
  readonly ref?: string;
}

/** A topic a client asks for, and from where. */
export interface TopicRequest {
  readonly topic: string;
  readonly since?: Since;
}

/** Client → server. One answer for each topic. */
export interface SubscribeFrame {
  readonly type: 'subscribe';
  readonly topics: readonly TopicRequest[];
  readonly ref?: string;
}

/** Client → server. */
export interface UnsubscribeFrame {
  readonly type: 'unsubscribe';
  readonly topics: readonly string[];
  readonly ref?: string;
}

/** Client → server. */
export interface ActionFrame {
  readonly type: 'action';
  readonly id: string;
  readonly name: string;
  readonly data?: Json;
}

/** Both ways. Answered at once by `pong`, which echoes `time`. */
export interface PingFrame {
  readonly type: 'ping';
  readonly time?: number;
}

/** Both ways. */
export interface PongFrame {
  readonly type: 'pong';
  readonly time?: number;
}

export type ClientFrame =
  HelloFrame | AuthenticateFrame | SubscribeFrame | UnsubscribeFrame | ActionFrame | PingFrame | PongFrame;

/** Server → client. Answers `hello`. All durations in milliseconds. */
export interface WelcomeFrame {
  readonly type: 'welcome';
  readonly connectionId: string;
  readonly serverTime: number;
  readonly heartbeat: { readonly interval: number; readonly timeout: number };
  /** 0 is no limit. Bursts of twice `framesPerSecond` pass. */
  readonly limits: { readonly frameBytes: number; readonly subscriptions: number; readonly framesPerSecond?: number };
  readonly actionWindow: number;
  readonly expiresAt?: number;
}

/** Server → client. Answers `authenticate`. */
export interface AuthenticatedFrame {
  readonly type: 'authenticated';
  readonly expiresAt?: number;
  readonly ref?: string;
}

/** Server → client. Without `ref`: the server moved the subscription to a new epoch. */
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

/** Server → client. Nothing of the topic follows. */
export interface UnsubscribedFrame {
  readonly type: 'unsubscribed';
  readonly topic: string;
  readonly code: UnsubscribedCode;
  readonly ref?: string;
}

/** Where a topic stood after an action's publications. */
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

/** Server → client. What went wrong with what was asked; `id`, `topic` and `ref` say what it was. */
export interface ErrorFrame {
  readonly type: 'error';
  readonly code: ErrorCode;
  readonly message: string;
  readonly temporary: boolean;
  /** Milliseconds to wait before asking again. */
  readonly retryAfter?: number;
  readonly details?: Json;
  readonly id?: string;
  readonly topic?: string;
  readonly ref?: string;
}

/** Server → client. Open a new connection at a random moment inside the window (ms), then close this one. */
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

/** Frames that move one topic: what `subscribe` and `poll` answer with. */
export type TopicFrame =
  | SubscribedFrame
  | SnapshotFrame
  | PatchFrame
  | EventFrame
  | UnsubscribedFrame
  | (ErrorFrame & { readonly topic: string });
