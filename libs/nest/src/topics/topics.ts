import type { Json, Position, Since, TopicKind } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import type { EncodedFrame } from '../delivery/frame-encoder.js';
import type { FrameSink } from '../delivery/frame-sink.js';

/** A topic that a client may ask for: its name was matched to a handler and its guards let the caller in. */
export interface ResolvedTopic {
  readonly name: string;
  readonly kind: TopicKind;
}

/** What brings a topic to life when somebody first asks for it. */
export interface TopicLoader {
  /**
   * Called once per activation, with the topic only. A promise where the handler's pipes have to run first; it rejects
   * with a RealtimeError where they refuse.
   *
   * @returns a promise of the first value (`undefined`: none yet, later ones are published), or an observable that is
   * the topic's one writer from then on.
   */
  load(topic: ResolvedTopic): TopicLoad | Promise<TopicLoad>;
}

export type TopicLoad =
  | { readonly type: 'nothing' }
  | { readonly type: 'value'; readonly value: Promise<unknown> }
  | { readonly type: 'source'; readonly source: Observable<unknown> };

/** One topic of one connection. */
export interface TopicSubscription {
  readonly topic: string;
  /** Ends it: nothing of the topic is sent after this returns. */
  close(): void;
}

/** What bringing a client up to date came to. */
export interface CatchUpAnswer {
  /** `subscribed` and what follows it, in order. */
  readonly frames: readonly EncodedFrame[];
  /** The position the frames lead to. */
  readonly position: Position;
}

/**
 * All topics of this node, and the one implementation of "catch up from a position". Subscribing is catching up and
 * staying; polling is catching up and leaving. Knows nothing of Nest, sockets or guards.
 */
export interface Topics {
  /**
   * Catches the outlet up from `since` and stays: `subscribed`, then the replay, then live frames above it, with no
   * gap and no repeat. Resolves after the `subscribed` was handed to the outlet, which waits until that has room. An
   * earlier subscription of the same outlet is replaced in that moment.
   *
   * `onEnd` is called after the last publications were handed over; to send `unsubscribed` is up to the caller.
   *
   * @throws RealtimeError `unavailable` or `internal` where the first value could not be loaded (2 s).
   */
  subscribe(
    topic: ResolvedTopic,
    outlet: FrameSink,
    options: {
      readonly since?: Since | undefined;
      readonly ref?: string | undefined;
      readonly onEnd: (code: 'closed') => void;
    },
  ): Promise<TopicSubscription>;

  /** Exactly the frames that `subscribe` would have sent, and no subscription. */
  catchUp(topic: ResolvedTopic, since?: Since): Promise<CatchUpAnswer>;

  /**
   * Resolves true as soon as the topic has anything after `position` (a publication, a new epoch, its end), false
   * when aborted. Keeps the topic alive meanwhile.
   */
  waitForNews(topic: ResolvedTopic, position: Position, signal: AbortSignal): Promise<boolean>;

  /**
   * Appends a publication.
   *
   * @throws RealtimeError `too_large` above `maxPublication`; PublishError where the topic has an observable source or
   * the value cannot be JSON.
   */
  publish(topic: ResolvedTopic, value: unknown): Promise<Position>;

  /** Publications of the topic as this process sees them, beginning with the current value of a state topic. */
  stream(topic: ResolvedTopic): Observable<TopicPublication>;

  close(topic: string): Promise<void>;

  /** How many topics are alive on this node, those included that linger. */
  readonly size: number;

  /** Ends all sources and timers. */
  dispose(): Promise<void>;
}

export interface TopicPublication {
  readonly position: Position;
  readonly value: Json;
  readonly time: number;
}
