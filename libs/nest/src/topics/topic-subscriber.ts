import type { Json } from '@statewire/protocol';

import type { StoredPublication } from '../core/broker.js';
import type { EncodedFrame } from '../delivery/frame-encoder.js';

/** A publication as this node took it; `value` where it was parsed already. */
export type TakenPublication = StoredPublication & { readonly value?: Json };

/** Somebody who follows a topic on this node. Told synchronously, in order; never throws. */
export interface TopicSubscriber {
  /** The timeline grew by one. */
  appended(frame: EncodedFrame, publication: TakenPublication): void;
  /** The timeline started over: a new epoch, or a gap that history does not fill. */
  restarted(): void;
  /** Nothing follows: the topic was closed, or this node lets go of it. */
  ended(reason: 'closed' | 'released'): void;
}
