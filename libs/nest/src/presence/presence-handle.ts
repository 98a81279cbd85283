import type { CallerContext } from '../core/realtime-request.js';
import type { ResolvedTopic } from '../topics/topics.js';

/** Counts who follows topics. */
export interface Attendance {
  /**
   * Somebody follows a topic from now on. Never throws.
   *
   * @returns undefined for topics that nobody may ask who follows them: then nothing is counted.
   */
  enter(topic: ResolvedTopic, caller: CallerContext): PresenceHandle | undefined;
}

/** That one client follows one topic, over one transport. Only the first of these calls counts. */
export interface PresenceHandle {
  /** The transport ended, and the client may be on its way back: it counts until the grace is over. */
  leave(): void;
  /** The client follows the topic no longer, over whatever transport. */
  end(): void;
}
