import { BrokerError, type BrokerContext, type ReadOptions, type TopicHistory } from '@statewire/nest';
import { newestValue, type Standing } from '@statewire/nest/broker';
import type { Position, TopicKind } from '@statewire/protocol';

import { limitsOf } from './limits.js';
import type { PostgresLink } from './link.js';
import { textOf, type Text } from './topic-message.js';
import type { Row } from './wire.js';

/** How often a value that is to be kept may change while it is read. */
const MOST_REPLACE_ROUNDS = 10;

/** The first row of a read. */
interface Head {
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
  readonly time: number;
  readonly keyframe: number;
  readonly oldest: number;
  readonly idAbove: string | null;
}

/** The other rows. */
interface PublicationRow {
  readonly offset: number;
  readonly id: string;
  readonly time: number;
  readonly delta: string | null;
  readonly data: string | null;
}

/** What a node knows of the position of a topic. */
export interface KnownPosition {
  readonly topic: string;
  readonly epoch?: string | undefined;
  readonly offset?: number;
}

/** Reads, renews and replaces topics. */
export class TopicReader {
  private readonly limits: string;
  private readonly counters: BrokerContext['counters'];

  constructor(
    private readonly link: Pick<PostgresLink, 'run'>,
    { counters, history }: Pick<BrokerContext, 'counters' | 'history'>,
  ) {
    this.counters = counters;
    this.limits = limitsOf(history);
  }

  async read(topic: string, kind: TopicKind, { above, maxBytes }: ReadOptions = {}): Promise<TopicHistory> {
    const rows = await this.link.run('read', topic, kind, above, maxBytes, this.limits);
    const { data, head } = rows[0] as unknown as { readonly head: Head; readonly data: string | null };
    return {
      epoch: head.epoch,
      offset: head.offset,
      id: head.id,
      ...(head.offset === 0 ? {} : { time: head.time }),
      ...(data === null ? {} : { base: { offset: head.keyframe, data } }),
      oldest: head.oldest,
      ...(head.idAbove === null ? {} : { idAbove: head.idAbove }),
      publications: rows.slice(1).map((row) => {
        const publication = row as unknown as PublicationRow;
        const { id, offset, time } = publication;
        return { offset, id, time, ...textOf(publication.delta, publication.data) };
      }),
    };
  }

  /** Returns the text of a publication that was too long for a notification; undefined if the server has it no more. */
  async textOf(topic: string, epoch: string, offset: number): Promise<Text | undefined> {
    const [row] = await this.link.run('entries', topic, epoch, offset, offset);
    if (row === undefined) return undefined;
    const { data, delta } = row as unknown as PublicationRow;
    return textOf(delta, data);
  }

  /** Renews the topics, so that the server keeps them, and tells where those stand that have moved. */
  async check(topics: readonly KnownPosition[]): Promise<readonly Standing[]> {
    this.counters?.swept(topics.length);
    const rows = await this.link.run('standings', JSON.stringify(topics), this.limits);
    return rows.map(({ epoch, id, name, offset }) => ({
      topic: String(name),
      position: { epoch: String(epoch), offset: Number(offset) },
      id: String(id),
    }));
  }

  /** Appends what transactions of the application have committed. */
  async drain(): Promise<void> {
    for (let mayBeMore = true; mayBeMore;) {
      const [row] = await this.link.run('drain', this.limits);
      mayBeMore = row?.drain === true;
    }
  }

  /** Deletes what has expired. */
  async clean(withOrphans: boolean): Promise<void> {
    await this.link.run('clean', this.limits, withOrphans);
  }

  async replaceEpoch(topic: string, kind: TopicKind, expected: string, keep: boolean): Promise<Position> {
    for (let round = 0; round < MOST_REPLACE_ROUNDS; round++) {
      const kept = keep && kind === 'state' ? await this.valueAt(topic, expected) : [undefined, undefined, undefined];
      const [row] = await this.link.run('replace_epoch', topic, expected, ...kept, this.limits);
      if (row !== undefined) return positionOf(row);
    }
    throw new BrokerError('unavailable', `The topic "${topic}" changed while its value was read, again and again.`);
  }

  async close(topic: string): Promise<void> {
    await this.link.run('close', topic, this.limits);
  }

  /** Returns the arguments that keep the newest value of a state topic; none if there is no value in the epoch. */
  private async valueAt(topic: string, epoch: string): Promise<readonly unknown[]> {
    const history = await this.read(topic, 'state');
    if (history.epoch !== epoch || history.base === undefined) return [undefined, undefined, undefined];
    return [history.offset, newestValue(history), history.id];
  }
}

function positionOf({ epoch, offset }: Row): Position {
  return { epoch: String(epoch), offset: Number(offset) };
}
