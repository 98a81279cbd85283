import { BrokerError, type ReadOptions, type StoredPublication, type TopicHistory } from '@statewire/nest';
import { newestValue, type Standing } from '@statewire/nest/broker';
import type { Position, TopicKind } from '@statewire/protocol';

import type { Epochs } from './epochs.js';
import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';
import type { TopicScripts } from './scripts/topic-scripts.js';
import { storedPublication } from './topic-message.js';

/** Topics per call of a sweep. */
const CHECKED_AT_ONCE = 256;
/** How often a value that is to be kept may change while it is read. */
const MOST_REPLACE_ROUNDS = 10;

/** Reads, renews and replaces topics. */
export class TopicReader {
  constructor(
    private readonly link: Pick<RedisLink, 'run'>,
    private readonly keys: Keys,
    private readonly scripts: TopicScripts,
    private readonly epochs: Epochs,
  ) {}

  async read(topic: string, kind: TopicKind, { above, maxBytes }: ReadOptions = {}): Promise<TopicHistory> {
    const { partition, record, log, channel } = this.keys.topic(topic);
    const reply = await this.link.run({
      script: this.scripts.read,
      partition,
      keys: [record, log],
      args: [this.epochs.next(), channel, kind, above?.toString() ?? '', maxBytes?.toString() ?? ''],
    });
    const [epoch, offset, id, time, data, keyframe, oldest, idAbove, list] = reply as ReadReply;
    return {
      epoch,
      offset,
      id,
      ...(offset === 0 ? {} : { time }),
      ...(data === null ? {} : { base: { offset: keyframe, data } }),
      oldest,
      ...(idAbove === null ? {} : { idAbove }),
      publications: publicationsOf(list),
    };
  }

  /**
   * Renews the topics, so that the server keeps them, and tells where each stands, as the answers arrive. Resolves after
   * the last one.
   */
  async check(topics: readonly string[], tell: (standings: readonly Standing[]) => void): Promise<void> {
    const byPartition = new Map<number, string[]>();
    for (const topic of topics) {
      const { partition } = this.keys.topic(topic);
      const group = byPartition.get(partition) ?? [];
      byPartition.set(partition, group);
      group.push(topic);
    }
    const calls: Promise<void>[] = [];
    for (const [partition, group] of byPartition) {
      for (let from = 0; from < group.length; from += CHECKED_AT_ONCE) {
        calls.push(this.checkSome(partition, group.slice(from, from + CHECKED_AT_ONCE)).then(tell));
      }
    }
    await Promise.all(calls);
  }

  async replaceEpoch(topic: string, kind: TopicKind, expected: string, keep: boolean): Promise<Position> {
    for (let round = 0; round < MOST_REPLACE_ROUNDS; round++) {
      const kept = keep && kind === 'state' ? await this.argumentsToKeep(topic) : [];
      const { partition, record, log, channel } = this.keys.topic(topic);
      const reply = await this.link.run({
        script: this.scripts.replace,
        partition,
        keys: [record, log],
        args: [this.epochs.next(), channel, expected, ...kept],
      });
      const [outcome, epoch, offset] = reply as [string, string, number];
      if (outcome === 'OK') return { epoch, offset };
    }
    throw new BrokerError('unavailable', `The topic "${topic}" changed while its value was read, again and again.`);
  }

  async close(topic: string): Promise<void> {
    const { partition, record, log, channel } = this.keys.topic(topic);
    await this.link.run({ script: this.scripts.close, partition, keys: [record, log], args: [channel] });
  }

  private async checkSome(partition: number, topics: readonly string[]): Promise<readonly Standing[]> {
    const keys = topics.map((topic) => this.keys.topic(topic));
    const reply = await this.link.run({
      script: this.scripts.check,
      partition,
      keys: keys.flatMap(({ record, log }) => [record, log]),
      args: [this.epochs.next(), ...keys.map(({ channel }) => channel)],
    });
    const list = reply as (string | number)[];
    return topics.map((topic, index) => {
      const [epoch, offset, id] = list.slice(index * 3) as [string, number, string];
      return { topic, position: { epoch, offset }, id };
    });
  }

  /**
   * Returns the arguments that keep the newest value of a state topic. Without a value they have the offset alone, so that
   * a value that arrives meanwhile is not lost.
   */
  private async argumentsToKeep(topic: string): Promise<readonly string[]> {
    const history = await this.read(topic, 'state');
    const value = history.base === undefined ? [] : [newestValue(history), history.id];
    return ['keep', String(history.offset), ...value];
  }
}

/** Epoch, offset, id, time, keyframe, its offset, oldest offset, id at the wanted offset, publications. */
type ReadReply = [string, number, string, number, string | null, number, number, string | null, (string | number)[]];

function publicationsOf(list: readonly (string | number)[]): StoredPublication[] {
  const publications: StoredPublication[] = [];
  for (let at = 0; at < list.length; at += 5) {
    const [offset, form, text, time, id] = list.slice(at, at + 5) as [number, string, string, number, string];
    publications.push(storedPublication(offset, form, text, time, id));
  }
  return publications;
}
