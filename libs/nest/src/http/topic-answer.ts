import type { ErrorFrame, Position, TopicRequest } from '@statewire/protocol';

import type { EncodedFrame } from '../delivery/frame-encoder.js';
import type { ResolvedTopic } from '../topics/topic-loader.js';
import type { CatchUpAnswer } from '../topics/topic-registry.js';

/** What one topic of a poll came to. */
export type TopicAnswer =
  | { readonly type: 'error'; readonly frame: ErrorFrame }
  | {
      readonly type: 'frames';
      readonly topic: ResolvedTopic;
      readonly frames: readonly EncodedFrame[];
      readonly position: Position;
      /** Whether the frames tell the client anything it did not know. */
      readonly isNews: boolean;
    };

export function toTopicAnswer(topic: ResolvedTopic, { since }: TopicRequest, caughtUp: CatchUpAnswer): TopicAnswer {
  const { frames, position } = caughtUp;
  const isKnown =
    since !== undefined && since !== 'oldest' && since.epoch === position.epoch && since.offset === position.offset;
  return { type: 'frames', topic, frames, position, isNews: !isKnown || frames.length > 1 };
}
