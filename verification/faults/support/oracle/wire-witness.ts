import type { ServerFrame } from '@statewire/protocol';

interface Following {
  readonly kind: 'state' | 'events';
  isSnapshotDue: boolean;
  /** The position of the client; undefined while only the client knows it. */
  at: number | undefined;
}

/** Checks the frames of one socket against the order in PROTOCOL.md. */
export class WireWitness {
  readonly #topics = new Map<string, Following>();

  constructor(readonly complain: (complaint: string) => void) {}

  hear(frame: ServerFrame): void {
    if (frame.type === 'subscribed') {
      const { topic, kind, offset, recovered } = frame;
      const isSnapshotDue = kind === 'state' && !recovered && offset > 0;
      this.#topics.set(topic, { kind, isSnapshotDue, at: recovered ? undefined : offset });
    } else if (frame.type === 'unsubscribed') {
      this.#topics.delete(frame.topic);
    } else if (frame.type === 'snapshot' || frame.type === 'patch' || frame.type === 'event') {
      const complaint = this.#follow(frame);
      if (complaint !== undefined) this.complain(`${frame.type} of ${frame.topic} at ${frame.offset} ${complaint}`);
    }
  }

  #follow(frame: Extract<ServerFrame, { type: 'snapshot' | 'patch' | 'event' }>): string | undefined {
    const following = this.#topics.get(frame.topic);
    if (following === undefined) return 'comes while nothing is followed';
    const { at, isSnapshotDue } = following;
    following.at = frame.offset;
    following.isSnapshotDue = false;
    if (frame.type === 'event') return at === undefined || frame.offset === at + 1 ? undefined : `follows ${at}`;
    if (frame.type === 'snapshot') {
      const isRight = at === undefined || (isSnapshotDue ? frame.offset === at : frame.offset > at);
      return isRight ? undefined : `follows ${at}`;
    }
    if (isSnapshotDue) return 'comes before the snapshot';
    return at === undefined || frame.from === at ? undefined : `is from ${frame.from} and follows ${at}`;
  }
}
