import type { Broker, NewPublication, StoredPublication, TopicMessage } from '@statewire/nest';
import { applyDelta, diff, type Json, type Position } from '@statewire/protocol';

/** What was published, to compare it with what followers show. */
export class Ledger {
  private readonly values = new Map<string, string>();
  /** The publication at each position, over all nodes and all lives of the server. */
  private readonly positions = new Map<string, string>();

  publish(id: string, value: Json): void {
    this.values.set(id, JSON.stringify(value));
  }

  /** @throws Error if the value is another one than what was published, or if a position was given out twice. */
  check(epoch: string, offset: number, id: string, value: Json): void {
    const place = `${epoch}:${offset}`;
    const before = this.positions.get(place);
    if (before !== undefined && before !== id)
      throw new Error(`The position ${place} is that of ${before} and of ${id}.`);
    this.positions.set(place, id);
    if (this.values.get(id) !== JSON.stringify(value)) throw new Error(`A follower shows another value than ${id}.`);
  }

  /** The epochs that followers have seen. */
  get epochs(): ReadonlySet<string> {
    return new Set([...this.positions.keys()].map((place) => place.slice(0, place.lastIndexOf(':'))));
  }
}

/** Publishes the values of one topic, each with a delta from the one before it. */
export class Writer {
  private last: NewPublication | undefined;
  private count = 0;
  readonly acknowledged: { readonly id: string; readonly position: Position }[] = [];

  constructor(
    private readonly broker: Broker,
    private readonly topic: string,
    private readonly ledger: Ledger,
    private readonly name: string,
  ) {}

  async publish(value: Json, fence?: number): Promise<Position> {
    const id = `${this.name}-${(this.count += 1)}`;
    const { last } = this;
    const patch =
      last === undefined
        ? {}
        : { patch: { base: last.id, delta: JSON.stringify(diff(JSON.parse(last.data) as Json, value)) } };
    const publication: NewPublication = { kind: 'state', id, data: JSON.stringify(value), ...patch };
    this.last = publication;
    this.ledger.publish(id, value);
    const position = await this.broker.publish(this.topic, publication, fence === undefined ? {} : { fence });
    this.acknowledged.push({ id, position });
    return position;
  }
}

/**
 * Follows a state topic as a server does: listens, reads, applies deltas, and reads again where it may have missed
 * something. Each value that it shows is checked.
 */
export class Follower {
  value: Json | undefined;
  epoch = '';
  offset = 0;
  id = '';
  /** Messages may be missing, or are being read. */
  isStale = true;
  interruptions = 0;
  /** The first thing that went wrong. */
  error: unknown;
  private reading: Promise<void> | undefined;
  private mustRead = false;

  private constructor(
    readonly broker: Broker,
    private readonly topic: string,
    private readonly ledger: Ledger,
  ) {}

  static async start(broker: Broker, topic: string, ledger: Ledger): Promise<Follower> {
    const follower = new Follower(broker, topic, ledger);
    await broker.listen(topic, (message) => follower.receive(message));
    await follower.read();
    return follower;
  }

  private receive(message: TopicMessage): void {
    switch (message.type) {
      case 'publication': {
        const { epoch, offset, previous } = message.publication;
        if (this.reading !== undefined) this.mustRead = true;
        else if (epoch === this.epoch && offset <= this.offset) return;
        else if (epoch !== this.epoch || offset !== this.offset + 1 || previous !== this.id) this.readAgain();
        else this.apply(message.publication);
        return;
      }
      case 'epoch':
        return this.readAgain();
      case 'interrupted':
        this.isStale = true;
        this.interruptions += 1;
        return;
      case 'resumed': {
        const { position, id } = message;
        const isCurrent = position.epoch === this.epoch && position.offset === this.offset && id === this.id;
        if (isCurrent) this.isStale = false;
        else this.readAgain();
        return;
      }
      case 'closed':
        this.isStale = true;
    }
  }

  private readAgain(): void {
    this.isStale = true;
    this.mustRead = true;
    this.read().catch((error: unknown) => {
      // An outage ends the read, and `resumed` starts another.
      if ((error as { code?: string }).code !== 'unavailable') this.error ??= error;
    });
  }

  private read(): Promise<void> {
    this.reading ??= this.readUntilCurrent().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readUntilCurrent(): Promise<void> {
    do {
      this.mustRead = false;
      const history = await this.broker.read(this.topic, 'state');
      this.epoch = history.epoch;
      this.value = undefined;
      this.offset = history.offset;
      this.id = history.id;
      if (history.base === undefined) continue;
      this.value = JSON.parse(history.base.data) as Json;
      this.offset = history.base.offset;
      for (const publication of history.publications) if (publication.offset > this.offset) this.apply(publication);
    } while (this.mustRead);
    this.isStale = false;
  }

  private apply({ offset, id, data, delta }: StoredPublication): void {
    try {
      this.value =
        data === undefined ? applyDelta(this.value!, JSON.parse(delta!) as Json) : (JSON.parse(data) as Json);
      this.ledger.check(this.epoch, offset, id, this.value);
    } catch (error) {
      this.error ??= error;
    }
    this.offset = offset;
    this.id = id;
  }
}
