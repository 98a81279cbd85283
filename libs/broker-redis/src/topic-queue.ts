import type { PendingPublication } from '@statewire/nest/broker';

/** The deltas of a topic since its keyframe. */
export interface Chain {
  count: number;
  bytes: number;
}

/** The pending publications of one topic, in the order of the calls. */
export class TopicQueue {
  readonly pending: PendingPublication[] = [];
  /** The first publications of `pending` whose replies are under way. */
  inFlight = 0;
  /** The first publications of `pending` that the server refused. They are sent again when nothing is in flight. */
  refused = 0;
  /** The server must be adopted before the publications are sent again. */
  isStale = false;
  /** Grows with each loss of the server. Replies of an earlier life are ignored. */
  life = 0;
  chain: Chain;

  constructor(
    readonly topic: string,
    readonly partition: number,
    chain: Chain | undefined,
  ) {
    this.chain = chain ?? { count: 0, bytes: 0 };
  }
}
