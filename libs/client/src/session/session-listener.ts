import type { AuthenticatedFrame, ErrorFrame, WelcomeFrame } from '@statewire/protocol';

import type { TopicEntry } from '../topics/topic-entry.js';

/** What a session asks of the part that knows time. */
export interface SessionListener {
  welcome(frame: WelcomeFrame): void;
  /** Publications of a topic came. */
  topicMoved(topic: string): void;
  /** Something was asked that the server answers at once if it is there. */
  asked(): void;
  /** A temporary error: ask for the topic again later. */
  rest(entry: TopicEntry, retryAfter: number | undefined): void;
  /** Actions wait: hand them out again after so many ms. */
  carryLater(delay: number): void;
  drain(reconnectWithin: number): void;
  /** An `authenticated`, or the error that came in its place. */
  authenticated(result: AuthenticatedFrame | ErrorFrame): void;
  /** An error that concerns the whole connection; a close follows. */
  refused(error: ErrorFrame): void;
  /** Every topic that was asked for on this connection is answered. */
  settled(): void;
}
