import { applyDelta, type EventFrame, type Json, type ServerFrame, type Since } from '@statewire/protocol';

/**
 * A client reduced to the rules of PROTOCOL.md for one topic: applies what it is sent and complains where a frame does
 * not follow from the one before.
 */
export class TopicReader {
  epoch: string | undefined;
  offset = 0;
  value: Json | undefined;
  /** Of event topics, with their epochs. */
  readonly events: { readonly epoch: string; readonly offset: number; readonly data: Json }[] = [];
  readonly frames: ServerFrame[] = [];
  private subscribed: { readonly offset: number; readonly recovered: boolean; snapshotDue: boolean } | undefined;

  get since(): Since | undefined {
    return this.epoch === undefined ? undefined : { epoch: this.epoch, offset: this.offset };
  }

  receive(frame: ServerFrame): void {
    this.frames.push(frame);
    switch (frame.type) {
      case 'subscribed': {
        const { epoch, kind, offset, recovered } = frame;
        if (recovered) this.demand(epoch === this.epoch && this.offset <= offset, 'recovers something else', frame);
        if (!recovered && kind === 'state') [this.value, this.offset] = [undefined, 0];
        if (!recovered && kind === 'events') this.offset = offset;
        this.epoch = epoch;
        this.subscribed = { offset, recovered, snapshotDue: kind === 'state' && !recovered && offset > 0 };
        return;
      }
      case 'snapshot': {
        const { subscribed } = this;
        this.demand(subscribed !== undefined && frame.epoch === this.epoch, 'comes before subscribed', frame);
        if (subscribed?.snapshotDue) this.demand(frame.offset === subscribed.offset, 'is not the one announced', frame);
        else this.demand(frame.offset > this.offset, 'goes back', frame);
        if (subscribed) subscribed.snapshotDue = false;
        [this.value, this.offset] = [frame.data, frame.offset];
        return;
      }
      case 'patch':
        this.demand(this.subscribed?.snapshotDue === false, 'comes before the snapshot', frame);
        this.demand(frame.from === this.offset && frame.offset > frame.from, 'leaves a hole', frame);
        [this.value, this.offset] = [applyDelta(this.value!, frame.delta), frame.offset];
        return;
      case 'event':
        this.demand(this.subscribed !== undefined && frame.offset === this.offset + 1, 'leaves a hole', frame);
        this.take(frame);
        return;
      default:
    }
  }

  private take({ offset, data }: EventFrame): void {
    this.offset = offset;
    this.events.push({ epoch: this.epoch!, offset, data });
  }

  private demand(holds: boolean, complaint: string, frame: ServerFrame): void {
    if (!holds) throw new Error(`${JSON.stringify(frame)} ${complaint}; the reader is at ${this.epoch}:${this.offset}`);
  }
}
