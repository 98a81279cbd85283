import { BrokerError, type BrokerContext, type NewPublication, type PublishOptions, type Timer } from '@statewire/nest';
import { ConnectionLostError, disposedError, PendingPublication, type PendingLimits } from '@statewire/nest/broker';
import type { Position } from '@statewire/protocol';

import { publishRefusal, StaleLineageError, toBrokerError } from './errors.js';
import type { Epochs } from './epochs.js';
import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';
import { untilReplicated, type Replication } from './replication.js';
import { TopicQueue, type Chain } from './topic-queue.js';
import { longestChain } from './scripts/topic-library.js';
import type { TopicScripts } from './scripts/topic-scripts.js';

/** Topics of which the publisher remembers the distance to the keyframe while nothing is pending. */
const MAX_REMEMBERED = 10_000;

/**
 * Sends publications. Those of one topic keep their order, although many are under way at once: each names the one before
 * it that is under way, and the server refuses it without that one.
 *
 * While the server is out of reach, the newest value of a state topic waits, and others for `publishTimeoutMs`.
 */
export class Publisher {
  private readonly queues = new Map<string, TopicQueue>();
  private readonly pending = new Set<PendingPublication>();
  private readonly byId = new Map<string, PendingPublication>();
  private readonly chains = new Map<string, Chain>();
  /** Characters of the pending publications. */
  bytes = 0;
  private expiry: Timer | undefined;
  private isDisposed = false;

  constructor(
    private readonly link: Pick<RedisLink, 'attempt' | 'adopt' | 'isUp' | 'send'>,
    private readonly keys: Keys,
    private readonly scripts: TopicScripts,
    private readonly epochs: Epochs,
    private readonly context: Pick<BrokerContext, 'counters' | 'environment' | 'history'>,
    private readonly limits: PendingLimits & { readonly wait?: Replication | undefined },
  ) {}

  /** Number of pending publications. */
  get size(): number {
    return this.pending.size;
  }

  /** Returns a publication of this node that is pending. */
  find(id: string): NewPublication | undefined {
    return this.byId.get(id)?.publication;
  }

  async publish(topic: string, publication: NewPublication, options: PublishOptions = {}): Promise<Position> {
    if (this.isDisposed) throw disposedError();
    const { counters, environment } = this.context;
    const pending = new PendingPublication(topic, publication, options, environment.monotonic(), counters);
    const queue =
      this.queues.get(topic) ?? new TopicQueue(topic, this.keys.topic(topic).partition, this.chains.get(topic));
    const isUp = this.link.isUp(queue.partition);
    const settled = pending.settled();
    if (!isUp) this.conflate(queue, pending);
    if (this.pending.size >= this.limits.count || this.bytes + pending.size > this.limits.bytes) {
      const message = `${this.pending.size} publications wait for Redis, and there is no room for more.`;
      pending.reject(new BrokerError('unavailable', message));
      if (queue.pending.length === 0) this.close(queue);
      return settled;
    }
    this.queues.set(topic, queue);
    queue.pending.push(pending);
    this.pending.add(pending);
    this.byId.set(publication.id, pending);
    this.bytes += pending.size;
    if (isUp) this.pump(queue);
    else if (this.expiry === undefined) this.expireLater();
    return settled;
  }

  /** The server of the partitions is out of reach. It may have stored what was under way. */
  onLost(partitions: readonly number[]): void {
    for (const queue of this.queuesIn(partitions)) {
      queue.life += 1;
      for (const pending of queue.pending.slice(0, queue.inFlight + queue.refused)) pending.wasSent = true;
      this.reset(queue);
      const newest = queue.pending.at(-1);
      if (newest !== undefined) this.conflate(queue, newest);
    }
    this.expireLater();
  }

  /** The server of the partitions can be used. */
  onUp(partitions: readonly number[]): void {
    for (const queue of this.queuesIn(partitions)) this.pump(queue);
    this.expireLater();
  }

  dispose(): void {
    this.isDisposed = true;
    this.expiry?.cancel();
    for (const pending of this.pending) pending.reject(disposedError());
    this.pending.clear();
    this.byId.clear();
    this.queues.clear();
    this.chains.clear();
    this.bytes = 0;
  }

  /** Sends what may follow the publications in flight. */
  private pump(queue: TopicQueue): void {
    while (this.link.isUp(queue.partition) && queue.refused === 0 && queue.inFlight < queue.pending.length) {
      this.send(queue, queue.pending[queue.inFlight]!, queue.pending[queue.inFlight - 1]);
    }
  }

  private send(queue: TopicQueue, pending: PendingPublication, previous: PendingPublication | undefined): void {
    const { publication, options } = pending;
    const patch = pending.startsEpoch ? undefined : publication.patch;
    const withData = patch === undefined || pending.needsData || this.isKeyframeDue(queue, pending);
    if (withData) queue.chain = { count: 0, bytes: 0 };
    else queue.chain = { count: queue.chain.count + 1, bytes: queue.chain.bytes + patch.delta.length };
    queue.inFlight += 1;

    const { partition, record, log, lease, channel } = this.keys.topic(pending.topic);
    const { life } = queue;
    const flags = `${pending.startsEpoch ? 's' : ''}${pending.wasSent ? 'r' : ''}`;
    const { base = '', delta = '' } = patch ?? {};
    const before = previous?.publication.id ?? '';
    const only = options.only === undefined ? [] : [options.only.epoch, String(options.only.offset)];
    this.link
      .attempt({
        script: this.scripts.publish,
        partition,
        keys: [record, log, lease],
        args: withoutEmptyEnd([
          ...[this.epochs.next(), channel, publication.kind, publication.id, base, delta],
          ...[withData ? publication.data : '', before, flags, options.fence?.toString() ?? '', ...only],
        ]),
      })
      .then(
        (reply) => this.onReply(life, queue, pending, reply as string),
        (error: unknown) => this.onReply(life, queue, pending, error as Error),
      );
  }

  /** A reader pays at most twice the value for a value and its deltas. */
  private isKeyframeDue(queue: TopicQueue, { length, publication: { patch } }: PendingPublication): boolean {
    const { count, bytes } = queue.chain;
    const most = this.context.history.bytes;
    const total = bytes + (patch?.delta.length ?? 0);
    if (count + 1 >= longestChain(this.context.history)) return true;
    return total >= length || (most > 0 && total > most / 4);
  }

  private onReply(life: number, queue: TopicQueue, pending: PendingPublication, reply: string | Error): void {
    // The end of a connection is handled by `onLost`.
    if (this.isDisposed || life !== queue.life || reply instanceof ConnectionLostError) return;
    queue.inFlight -= 1;
    if (reply instanceof StaleLineageError) {
      queue.isStale = true;
      queue.refused += 1;
    } else if (reply === 'NEED') {
      // Publications behind it were refused because of it, and follow it again.
      if (queue.refused === 0) {
        pending.needsData = true;
        this.context.counters?.deltaRefused();
      }
      queue.refused += 1;
    } else {
      queue.pending.splice(queue.refused, 1);
      this.settle(queue, pending, reply);
    }
    if (queue.inFlight === 0) this.continue(queue);
  }

  private settle(queue: TopicQueue, pending: PendingPublication, reply: string | Error): void {
    this.forget(pending);
    if (reply instanceof Error) return pending.reject(toBrokerError(reply));
    const [outcome, epoch, offset, count, bytes] = reply.split(' ') as [string, string, string, string, string];
    const refusal = publishRefusal(outcome, pending.topic);
    if (refusal !== undefined) return pending.reject(refusal);
    if (queue.inFlight === 0) queue.chain = { count: Number(count), bytes: Number(bytes) };
    const position = { epoch, offset: Number(offset) };
    const { wait } = this.limits;
    if (wait === undefined) return pending.resolve(position);
    const replicated = untilReplicated(this.link, queue.partition, wait);
    replicated.then(() => pending.resolve(position), pending.reject.bind(pending));
  }

  /** Nothing is in flight: sends what the server refused, and then the rest. */
  private continue(queue: TopicQueue): void {
    if (!queue.isStale) {
      queue.refused = 0;
      if (queue.pending.length === 0) return this.close(queue);
      return this.pump(queue);
    }
    const { life } = queue;
    this.link.adopt(queue.partition).then(
      () => {
        if (this.isDisposed || life !== queue.life) return;
        this.reset(queue);
        this.pump(queue);
      },
      // Adoption fails with the connection, and `onLost` prepares the queue.
      () => undefined,
    );
  }

  private reset(queue: TopicQueue): void {
    queue.inFlight = 0;
    queue.refused = 0;
    queue.isStale = false;
  }

  private close(queue: TopicQueue): void {
    this.queues.delete(queue.topic);
    this.chains.delete(queue.topic);
    this.chains.set(queue.topic, queue.chain);
    if (this.chains.size > MAX_REMEMBERED) this.chains.delete(this.chains.keys().next().value!);
  }

  private forget(pending: PendingPublication): void {
    this.pending.delete(pending);
    if (this.byId.get(pending.publication.id) === pending) this.byId.delete(pending.publication.id);
    this.bytes -= pending.size;
  }

  /** Drops the publications that `newest` supersedes. */
  private conflate(queue: TopicQueue, newest: PendingPublication): void {
    const waiting = queue.pending.filter((pending) => pending !== newest);
    for (const older of waiting.reverse()) {
      if (!newest.supersedes(older)) return;
      newest.replace(older);
      queue.pending.splice(queue.pending.indexOf(older), 1);
      this.forget(older);
    }
  }

  private queuesIn(partitions: readonly number[]): readonly TopicQueue[] {
    const wanted = new Set(partitions);
    return [...this.queues.values()].filter(({ partition }) => wanted.has(partition));
  }

  /** The queues whose server is out of reach. */
  private get waiting(): readonly TopicQueue[] {
    return [...this.queues.values()].filter(({ partition }) => !this.link.isUp(partition));
  }

  private expireLater(): void {
    const { environment } = this.context;
    let first = Infinity;
    for (const { pending } of this.waiting) {
      for (const { isLasting, since } of pending) if (!isLasting) first = Math.min(first, since);
    }
    this.expiry?.cancel();
    this.expiry = undefined;
    if (first === Infinity) return;
    const delay = first + this.limits.timeoutMs - environment.monotonic();
    this.expiry = environment.setTimer(() => this.expire(), Math.max(1, delay));
  }

  private expire(): void {
    this.expiry = undefined;
    if (this.isDisposed) return;
    const due = this.context.environment.monotonic() - this.limits.timeoutMs;
    for (const queue of this.waiting) {
      for (const pending of queue.pending.filter(({ isLasting, since }) => !isLasting && since <= due)) {
        queue.pending.splice(queue.pending.indexOf(pending), 1);
        this.forget(pending);
        pending.reject(new BrokerError('unavailable', `Redis was out of reach for ${this.limits.timeoutMs} ms.`));
      }
      if (queue.pending.length === 0) this.close(queue);
    }
    this.expireLater();
  }
}

/** Leaves out the empty texts at the end. */
function withoutEmptyEnd(texts: readonly string[]): readonly string[] {
  return texts.slice(0, texts.findLastIndex((text) => text !== '') + 1);
}
