import type { Json, Position } from '@statewire/protocol';

interface Epoch {
  readonly name: string;
  /** Of the offsets 1, 2, … as JSON. */
  readonly publications: string[];
}

/** The real publications, recorded independently of the system. */
export class Truth {
  private readonly topics = new Map<string, Epoch[]>();

  /** @param kept publications that the history of a topic keeps. */
  constructor(readonly kept: number) {}

  begin(topic: string, epoch: string): void {
    const epochs = this.topics.get(topic) ?? [];
    this.topics.set(topic, epochs);
    if (!epochs.some(({ name }) => name === epoch)) epochs.push({ name: epoch, publications: [] });
  }

  publish(topic: string, { epoch, offset }: Position, data: string): boolean {
    this.begin(topic, epoch);
    const { publications } = this.topics.get(topic)!.at(-1)!;
    publications.push(data);
    return publications.length === offset;
  }

  /** The position of the topic; undefined before its first use. */
  top(topic: string): Position | undefined {
    const epoch = this.topics.get(topic)?.at(-1);
    return epoch && { epoch: epoch.name, offset: epoch.publications.length };
  }

  /** The JSON of a publication; undefined if there is none. */
  at(topic: string, { epoch, offset }: Position): string | undefined {
    return this.epoch(topic, epoch)?.publications[offset - 1];
  }

  valueAt(topic: string, position: Position): Json | undefined {
    const data = this.at(topic, position);
    return data === undefined ? undefined : (JSON.parse(data) as Json);
  }

  /** Whether the position existed. The start of an epoch counts. */
  knows(topic: string, { epoch, offset }: Position): boolean {
    const existing = this.epoch(topic, epoch);
    return existing !== undefined && offset >= 0 && offset <= existing.publications.length;
  }

  /** Offset of the oldest publication in the history of an epoch, as of now or of the end of the epoch. */
  oldest(topic: string, epoch: string): number {
    const published = this.epoch(topic, epoch)?.publications.length ?? 0;
    return Math.max(1, published - this.kept + 1);
  }

  /** Whether `a` comes before `b`, or is the same. */
  isInOrder(topic: string, a: Position, b: Position): boolean {
    const epochs = this.topics.get(topic)?.map(({ name }) => name) ?? [];
    const [first, second] = [epochs.indexOf(a.epoch), epochs.indexOf(b.epoch)];
    return first < second || (first === second && a.offset <= b.offset);
  }

  private epoch(topic: string, name: string): Epoch | undefined {
    return this.topics.get(topic)?.find((epoch) => epoch.name === name);
  }
}
