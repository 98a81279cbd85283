import type { AckFrame, ErrorFrame, Json } from '@statewire/protocol';

import type { ResolvedTopic } from '../topics/topics.js';
import type { CallerContext } from '../core/realtime-request.js';

/** An action as it came in, over whatever transport. */
export interface Invocation {
  readonly id: string;
  readonly name: string;
  readonly data: Json | undefined;
  /**
   * Whether the caller may be told where a topic stands that the handler published to: topics it follows or is let in to.
   * Omitted: none.
   */
  readonly follows?: (topic: string) => boolean | Promise<boolean>;
}

/**
 * The one pipeline from a request to application code: limits → deduplication → guards → pipes and DTO validation →
 * interceptors → handler → filters. Both transports use it; it knows neither.
 */
export interface Dispatcher {
  /**
   * Runs the connection guards of the module.
   *
   * @throws RealtimeError `forbidden` or `unauthorized`.
   */
  admit(caller: CallerContext): Promise<void>;

  /**
   * Finds the handler of a topic and runs its guards for this caller.
   *
   * @throws RealtimeError `unknown_topic`, `forbidden` or `unauthorized`.
   */
  authorize(topic: string, caller: CallerContext): Promise<ResolvedTopic>;

  /**
   * Runs an action at most once and answers it. Never rejects: every failure is an error frame.
   */
  act(invocation: Invocation, caller: CallerContext): Promise<AckFrame | ErrorFrame>;

  /** Whether actions of this name may run beside others of the same connection. Unknown names: false. */
  isParallel(action: string): boolean;
}
