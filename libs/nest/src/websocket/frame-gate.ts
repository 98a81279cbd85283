import {
  parseClientFrame,
  ProtocolError,
  type Correlation,
  type ClientFrame,
  type SubscribeFrame,
} from '@statewire/protocol';

import type { RealtimeLimits } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import { topicsPerSecond, WindowCounter } from '../rate-limiting/frame-limits.js';
import { TokenBucket } from '../rate-limiting/rate-limiter.js';

/** Milliseconds over which refused and bad frames are counted. */
const WINDOW = 10_000;
/** Bursts of twice the rate pass. */
const BURST = 2;

/** Something refused, and whether it was one too many. */
export interface Refused {
  readonly type: 'refused';
  readonly error: RealtimeError;
  readonly asked: Correlation;
  readonly tooMany: boolean;
}

export type ReadFrame = { readonly type: 'frame'; readonly frame: ClientFrame } | Refused;

type GateLimits = Pick<RealtimeLimits, 'frames' | 'connections'>;

/** Reads the frames of one connection, and counts those that are bad or too many. */
export class FrameGate {
  private readonly rate: TokenBucket;
  private readonly topicRate: TokenBucket;
  private readonly refused: WindowCounter;
  private readonly bad: WindowCounter;

  /** @param refuseTogether counts a frame among those of the same user and address; undefined where it passes. */
  constructor(
    private readonly limits: GateLimits,
    private readonly clock: { monotonic(): number },
    private readonly refuseTogether: () => RealtimeError | undefined,
  ) {
    this.rate = new TokenBucket(limits.frames.perSecond, limits.frames.perSecond * BURST, clock.monotonic());
    const topics = topicsPerSecond(limits);
    this.topicRate = new TokenBucket(topics, topics * BURST, clock.monotonic());
    this.refused = new WindowCounter(limits.frames.rejected, WINDOW);
    this.bad = new WindowCounter(limits.frames.malformed, WINDOW);
  }

  read(data: Buffer, binary: boolean): ReadFrame {
    if (binary) return this.refuseBad(new ProtocolError('bad_request', 'A frame is a text message, not a binary one.'));
    try {
      return { type: 'frame', frame: parseClientFrame(data.toString(), this.limits.frames) };
    } catch (thrown) {
      if (thrown instanceof ProtocolError) return this.refuseBad(thrown);
      throw thrown;
    }
  }

  /** Counts a frame as bad. */
  refuseBad({ code, message, correlation }: ProtocolError): Refused {
    const tooMany = this.bad.reachesLimit(this.clock.monotonic());
    return { type: 'refused', error: new RealtimeError(code, message), asked: correlation, tooMany };
  }

  /** @returns one error for a frame that names too many topics: one for each would be many times what was asked. */
  refuseTooLong(frame: ClientFrame): RealtimeError | undefined {
    const { subscriptions } = this.limits.connections;
    if (!('topics' in frame) || subscriptions === 0 || frame.topics.length <= subscriptions) return undefined;
    return new RealtimeError('too_many_subscriptions', `A frame may name ${subscriptions} topics.`);
  }

  /** @returns undefined where the rates of the connection, its user and its address let one more frame through. */
  refuseTooFast(): Refused | undefined {
    const message = `At most ${this.limits.frames.perSecond} frames a second are read.`;
    return this.refuseAbove(this.rate, 1, message) ?? this.refuseTooManyTogether();
  }

  /** The same without the rate of the connection. */
  refuseTooManyTogether(): Refused | undefined {
    const error = this.refuseTogether();
    return error && this.refuse(error);
  }

  /** @returns undefined where the rate lets the topics through that are not `known` yet. */
  refuseTopics({ topics }: SubscribeFrame, known?: { isNamed(topic: string): boolean }): Refused | undefined {
    const count = topics.filter(({ topic }) => !known?.isNamed(topic)).length;
    const message = `At most ${topicsPerSecond(this.limits)} new topics a second may be asked for.`;
    return this.refuseAbove(this.topicRate, count, message);
  }

  private refuseAbove(bucket: TokenBucket, count: number, message: string): Refused | undefined {
    const now = this.clock.monotonic();
    if (bucket.take(now, count)) return undefined;
    return this.refuse(new RealtimeError('too_many_requests', message, { retryAfter: bucket.retryAfter }));
  }

  private refuse(error: RealtimeError): Refused {
    return { type: 'refused', error, asked: {}, tooMany: this.refused.reachesLimit(this.clock.monotonic()) };
  }
}
