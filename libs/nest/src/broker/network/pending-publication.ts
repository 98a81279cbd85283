import type { Position } from '@statewire/protocol';

import type { BrokerCounters } from '../../core/broker-counters.js';
import { BrokerError, type NewPublication, type PublishOptions } from '../../core/broker.js';
import { valueLength } from './value-length.js';

/** Limits of the publications of a node that wait for the server. */
export interface PendingLimits {
  /** Publications. */
  readonly count: number;
  /** Characters of their values and deltas. */
  readonly bytes: number;
  /** Milliseconds for which one waits, unless a newer one may supersede it. */
  readonly timeoutMs: number;
}

/** A publication until the server has answered it. */
export class PendingPublication {
  /** The base of the delta is not the newest publication of the server, so the value must be sent. */
  needsData = false;
  /** It was sent on a connection that ended before the reply, so the server may have stored it. */
  wasSent = false;
  /** Whether it is the first of an epoch. */
  startsEpoch: boolean;
  /** Approximate characters of the whole value. */
  readonly length: number;
  /** Approximate characters that the publication holds in memory. */
  readonly size: number;
  /** Settles the promises of this publication and of those that it superseded. */
  private readonly callers: { resolve(position: Position): void; reject(error: Error): void }[] = [];

  /** Name of the topic. */
  readonly topic: string;
  /** The publication. */
  readonly publication: NewPublication;
  /** Its conditions. */
  readonly options: PublishOptions;
  /** Time of the call by the monotonic clock. */
  readonly since: number;

  /** Creates a publication without a caller that waits. */
  constructor(
    topic: string,
    publication: NewPublication,
    options: PublishOptions,
    since: number,
    private readonly counters?: BrokerCounters,
  ) {
    this.topic = topic;
    this.publication = publication;
    this.options = options;
    this.since = since;
    this.startsEpoch = options.startsEpoch === true;
    this.length = valueLength(publication);
    this.size = this.length + (publication.patch?.delta.length ?? 0);
  }

  /**
   * Whether the publication waits for the server until a newer one supersedes it. Others wait for a limited time: events,
   * values for a position, and commands on internal topics, whose names have a colon.
   */
  get isLasting(): boolean {
    return this.isReplaceable && !this.topic.includes(':');
  }

  private get isReplaceable(): boolean {
    return this.publication.kind === 'state' && this.options.only === undefined;
  }

  /** Returns a promise that settles with the publication. */
  settled(): Promise<Position> {
    return new Promise((resolve, reject) => this.callers.push({ resolve, reject }));
  }

  /** The server has stored the publication. */
  resolve(position: Position): void {
    this.counters?.publication('stored');
    for (const caller of this.callers) caller.resolve(position);
  }

  /** The server has not stored the publication. */
  reject(error: Error): void {
    this.counters?.publication(error instanceof BrokerError ? error.code : 'unavailable');
    for (const caller of this.callers) caller.reject(error);
  }

  /** Whether this publication can replace an older one that waits for the server. */
  supersedes(older: PendingPublication): boolean {
    return this.isReplaceable && older.isReplaceable && this.options.fence === older.options.fence;
  }

  /** Takes the place of an older publication. Its callers get the position of this one. */
  replace(older: PendingPublication): void {
    this.counters?.publication('conflated');
    this.callers.push(...older.callers);
    this.startsEpoch ||= older.startsEpoch;
    // The delta may begin at the publication that is not sent now.
    this.needsData = true;
  }
}
