import { RealtimeLog, resolveOptions, TopicRegistry } from '@statewire/nest/internal';
import {
  applyDelta,
  DELTA_CAPABILITIES,
  type Json,
  type Position,
  type ServerFrame,
  type TopicKind,
} from '@statewire/protocol';
import { VirtualEnvironment, type VirtualProcess } from '@statewire/testing';
import { DistantBroker, type DistantNode } from '@statewire/testing-nest';
import { isObservable, type Observable } from 'rxjs';

export interface Topic {
  readonly name: string;
  readonly kind: TopicKind;
}

export const BOARD: Topic = { name: 'board', kind: 'state' };
export const NEWS: Topic = { name: 'news', kind: 'events' };

/** Milliseconds from a node to the broker, and back. */
const LATENCY = 2;

/** Milliseconds within which every reader must be up to date after the last fault. */
const QUIESCENCE = 10_000;

/** Milliseconds after which a client requests a topic again. */
const RETRY_INTERVAL_MS = 1_000;

/** The value that a database has for a topic, or the source of its values. Undefined: the topic has neither. */
type Load = Promise<Json> | Observable<Json> | undefined;

/** A publication as a reader of a node sees it. */
export interface Seen {
  readonly position: Position;
  readonly value: Json;
}

/** Several nodes that share a distant broker. Each has the real core of the server for topics. */
export class Nodes {
  readonly environment = new VirtualEnvironment();
  readonly cluster = new DistantBroker({ environment: this.environment.fork(), latency: LATENCY });
  readonly nodes: readonly Node[];

  constructor(count: number, load: (node: number, topic: string) => Load = () => undefined) {
    this.nodes = Array.from({ length: count }, (_, index) => new Node(this, (topic) => load(index, topic)));
  }

  /** Lets time pass until the work settles. */
  async during<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    work.then(settle, settle);
    await this.environment.until(() => isSettled, 60_000);
    return work;
  }

  /** Lets time pass until every message has arrived. */
  async quiesce(): Promise<void> {
    await this.environment.advance(QUIESCENCE);
  }

  /** Reads a topic as a node that has just started. The value is the one that the broker has. */
  async truth(topic: Topic): Promise<Seen | undefined> {
    const fresh = new Node(this, () => undefined);
    const seen = await this.during(fresh.read(topic));
    await this.during(fresh.end());
    return seen;
  }

  async end(): Promise<void> {
    await this.during(Promise.all(this.nodes.map((node) => node.end())));
    await this.cluster.dispose();
  }
}

export class Node {
  readonly broker: DistantNode;
  private readonly topics: TopicRegistry;
  private readonly subscriptions: { close(): void }[] = [];
  private readonly readers: Reader[] = [];
  private readonly process: VirtualProcess;
  private hasEnded = false;

  constructor({ cluster, environment }: Nodes, load: (topic: string) => Load) {
    const process = (this.process = environment.fork());
    const quiet = (): void => undefined;
    const log = new RealtimeLog({ debug: quiet, log: quiet, warn: quiet, error: quiet }, process);
    const { actionWindowMs, history, limits } = resolveOptions({ environment: process }, process, false);
    this.broker = cluster.connect({ environment: process, history, actionWindowMs, log });
    this.topics = new TopicRegistry({
      ...{ broker: this.broker, environment: process, history, limits, log },
      loader: {
        load: ({ name }) => {
          const value = load(name);
          if (value === undefined) return { type: 'nothing' };
          return isObservable(value) ? { type: 'source', source: value } : { type: 'value', value };
        },
      },
    });
  }

  /** For each reader, whether it has learned that its topic is stale. */
  get staleness(): readonly boolean[] {
    return this.readers.map(({ isStale }) => isStale);
  }

  publish(topic: Topic, value: Json): Promise<Position> {
    return this.topics.publish(topic, value);
  }

  /**
   * Subscribes to a topic, as a client on this node, and again after an error. The list grows with what the client sees.
   */
  follow(topic: Topic): readonly Seen[] {
    const reader = new Reader();
    this.readers.push(reader);
    const subscribe = (): void => {
      if (this.hasEnded) return;
      this.topics.subscribe(topic, reader, { onEnd: subscribe }).then(
        (subscription) => this.subscriptions.push(subscription),
        () => this.process.setTimer(subscribe, RETRY_INTERVAL_MS),
      );
    };
    subscribe();
    return reader.seen;
  }

  /** The newest publication of the topic, as the answer to a poll has it. */
  async read(topic: Topic): Promise<Seen | undefined> {
    const reader = new Reader();
    const { frames } = await this.topics.catchUp(topic);
    for (const frame of frames) reader.send(frame);
    return reader.seen.at(-1);
  }

  async end(): Promise<void> {
    this.hasEnded = true;
    for (const subscription of this.subscriptions) subscription.close();
    await this.topics.dispose();
  }
}

/** A client without a network. It applies frames as the protocol says. */
class Reader {
  readonly seen: Seen[] = [];
  readonly deltas = DELTA_CAPABILITIES;
  isStale = false;
  private epoch = '';

  send({ text }: { readonly text: string }): void {
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === 'subscribed') {
      this.epoch = frame.epoch;
      this.isStale = frame.staleSince !== undefined;
    }
    if (frame.type === 'stale' || frame.type === 'fresh') this.isStale = frame.type === 'stale';
    if (frame.type === 'snapshot' || frame.type === 'event') this.add(frame.offset, frame.data);
    if (frame.type === 'patch') this.add(frame.offset, applyDelta(this.seen.at(-1)!.value, frame.delta));
  }

  offer(frame: { readonly text: string }): boolean {
    this.send(frame);
    return true;
  }

  whenDrained(): undefined {}

  private add(offset: number, value: Json): void {
    this.seen.push({ position: { epoch: this.epoch, offset }, value });
  }
}
