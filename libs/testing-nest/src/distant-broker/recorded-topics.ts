import type { Broker, Environment, NewPublication, PublishOptions, ReadOptions, TopicHistory } from '@statewire/nest';
import type { Position, TopicKind } from '@statewire/protocol';

/** Every so many publications a read may begin at a value. */
const KEYFRAME_INTERVAL = 8;

/** Number of publications of a topic that the server recognizes if a node sends them again. */
const MAX_RECOGNIZED = 1_000;

interface Entry {
  readonly publication: NewPublication;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** Milliseconds of the monotonic clock. */
  readonly at: number;
}

/** All publications of the current epoch of a topic. */
interface Recording {
  readonly epoch: string;
  readonly entries: Entry[];
}

/** An environment that can give the ids and times of another time. */
export class ReplayEnvironment implements Environment {
  replay: { readonly id: string; readonly time: number; readonly at: number } | undefined;

  constructor(private readonly environment: Environment) {}

  readonly now = (): number => this.replay?.time ?? this.environment.now();
  readonly monotonic = (): number => this.replay?.at ?? this.environment.monotonic();
  readonly setTimer: Environment['setTimer'] = (callback, delay) => this.environment.setTimer(callback, delay);
  readonly defer: Environment['defer'] = (callback) => this.environment.defer(callback);
  readonly random = (): number => this.environment.random();
  readonly id = (): string => this.replay?.id ?? this.environment.id();
}

/**
 * The topics of a memory broker, with a record of their publications. A read begins at an earlier value if the history
 * allows it, as on a server that stores deltas, and a topic can be set back.
 */
export class RecordedTopics {
  private readonly recordings = new Map<string, Recording>();
  /** Positions of publications by their ids, the oldest first. */
  private readonly recognized = new Map<string, Map<string, Position>>();

  constructor(
    private readonly broker: Broker,
    private readonly environment: ReplayEnvironment,
  ) {}

  async publish(topic: string, publication: NewPublication, options?: PublishOptions): Promise<Position> {
    const known = this.recognized.get(topic)?.get(publication.id);
    if (known !== undefined) return known;
    const entry: Entry = { publication, time: this.environment.now(), at: this.environment.monotonic() };
    const position = await this.broker.publish(topic, publication, options);
    this.record(topic, entry, position);
    return position;
  }

  async read(topic: string, kind: TopicKind, options?: ReadOptions): Promise<TopicHistory> {
    const reading = this.broker.read(topic, kind, options);
    const [history, { publications: all }] = await Promise.all([reading, this.broker.read(topic, kind, { above: -1 })]);
    const { epoch, offset, publications } = history;
    const recording = this.recordings.get(topic);
    if (kind === 'events' || recording?.epoch !== epoch || history.base === undefined) return history;
    const keyframe = offset - ((offset - 1) % KEYFRAME_INTERVAL);
    const following = all.filter((publication) => publication.offset > keyframe);
    const data = recording.entries[keyframe - 1]?.publication.data;
    if (data === undefined || following.length !== offset - keyframe) return history;
    return {
      ...history,
      base: { offset: keyframe, data },
      publications: following.length > publications.length ? following : publications,
    };
  }

  async replaceEpoch(
    topic: string,
    kind: TopicKind,
    expected: string,
    options?: { keep?: boolean },
  ): Promise<Position> {
    const at = this.environment.monotonic();
    const position = await this.broker.replaceEpoch(topic, kind, expected, options);
    const recording = this.recordings.get(topic);
    if (recording?.epoch === position.epoch) return position;
    const kept = recording?.epoch === expected && position.offset === 1 ? recording.entries.at(-1) : undefined;
    if (kept !== undefined) {
      const { id, data } = kept.publication;
      const entries = [{ publication: { kind, id, data }, time: kept.time, at }];
      this.recordings.set(topic, { epoch: position.epoch, entries });
    } else if (position.offset === 0) {
      this.recordings.set(topic, { epoch: position.epoch, entries: [] });
    }
    return position;
  }

  async close(topic: string): Promise<void> {
    this.forget(topic);
    await this.broker.close(topic);
  }

  /**
   * Makes the topic again, without its publications above `offset`. It keeps its epoch, and its listeners are lost.
   *
   * @param fence token of the lease of the topic, if a node holds it.
   * @throws Error if the epoch has no such offset.
   */
  async rollBack(topic: string, offset: number, fence: number | undefined): Promise<void> {
    const recording = this.recordings.get(topic);
    if (recording === undefined || offset > recording.entries.length) {
      throw new Error(`The topic "${topic}" has not been at offset ${offset}, so it cannot go back there.`);
    }
    const { epoch, entries } = recording;
    entries.splice(offset);
    const options = fence === undefined ? {} : { fence };
    const work = [this.broker.close(topic)];
    this.environment.replay = { id: epoch, time: this.environment.now(), at: this.environment.monotonic() };
    work.push(this.broker.read(topic, 'events').then(() => undefined));
    for (const { publication, time, at } of entries) {
      this.environment.replay = { id: epoch, time, at };
      work.push(this.broker.publish(topic, publication, options).then(() => undefined));
    }
    this.environment.replay = undefined;
    const recognized = this.recognized.get(topic);
    for (const [id, position] of recognized ?? []) {
      if (position.epoch === epoch && position.offset > offset) recognized!.delete(id);
    }
    await Promise.all(work);
  }

  private record(topic: string, entry: Entry, position: Position): void {
    const recognized = this.recognized.get(topic) ?? new Map<string, Position>();
    this.recognized.set(topic, recognized.set(entry.publication.id, position));
    const [oldest] = recognized.keys();
    if (recognized.size > MAX_RECOGNIZED) recognized.delete(oldest!);

    const { epoch, offset } = position;
    const recording = this.recordings.get(topic);
    if (recording?.epoch === epoch && recording.entries.length === offset - 1) recording.entries.push(entry);
    else if (offset === 1) this.recordings.set(topic, { epoch, entries: [entry] });
    else this.recordings.delete(topic);
  }

  private forget(topic: string): void {
    this.recordings.delete(topic);
    this.recognized.delete(topic);
  }
}
