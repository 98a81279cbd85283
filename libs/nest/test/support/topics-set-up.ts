import { VirtualEnvironment } from '@statewire/testing';
import type { ServerFrame, Since } from '@statewire/protocol';

import { MemoryBroker } from '../../src/broker/memory/memory-broker.js';
import type { Broker } from '../../src/core/broker.js';
import { FlushScheduler } from '../../src/delivery/flush-scheduler.js';
import { Outbox, type OverflowReason } from '../../src/delivery/outbox.js';
import { TopicRegistry, type TopicRegistryOptions } from '../../src/topics/topic-registry.js';
import type { EndReason, TopicSubscription } from '../../src/topics/subscribers.js';
import type { ResolvedTopic, TopicLoad } from '../../src/topics/topic-loader.js';
import { FakeFrameSocket } from './fake-frame-socket.js';
import { TopicReader } from './topic-reader.js';

export const STATE: ResolvedTopic = { name: 'battles/42', kind: 'state' };
export const EVENTS: ResolvedTopic = { name: 'notices', kind: 'events' };

export interface SetUpOptions extends Partial<Omit<TopicRegistryOptions, 'limits' | 'history'>> {
  readonly limits?: Partial<TopicRegistryOptions['limits']>;
  readonly history?: Partial<TopicRegistryOptions['history']>;
  readonly load?: (topic: ResolvedTopic) => TopicLoad | Promise<TopicLoad>;
  /** Wraps the memory broker. */
  readonly wrap?: (broker: Broker) => Broker;
  readonly outbox?: { readonly softMark?: number; readonly hardMark?: number };
}

/** One connection that follows one topic. */
export class TestReader extends TopicReader {
  readonly socket = new FakeFrameSocket();
  readonly overflows: OverflowReason[] = [];
  readonly ends: string[] = [];
  readonly outbox: Outbox;
  subscription: TopicSubscription | undefined;
  private read = 0;
  private left = false;

  constructor(private readonly nodes: TestNode) {
    super();
    const { environment, scheduler } = nodes;
    this.outbox = new Outbox(
      this.socket,
      { softMark: 64 * 1024, hardMark: 1024 * 1024, stalledTimeout: 0, environment, scheduler, ...nodes.marks },
      (reason) => this.overflows.push(reason),
    );
  }

  async subscribe(topic: ResolvedTopic, since?: Since, ref?: string): Promise<this> {
    const onEnd = (reason: EndReason): void => {
      this.ends.push(reason);
      if (reason === 'closed') this.outbox.send({ type: 'unsubscribed', topic: topic.name, code: reason });
    };
    const place = { ...(since === undefined ? {} : { since }), ...(ref === undefined ? {} : { ref }) };
    const subscription = await this.nodes.topics.subscribe(topic, this.outbox, { ...place, onEnd });
    if (this.left) subscription.close();
    else this.subscription = subscription;
    return this;
  }

  /** Applies the frames that the reader has read from the socket. */
  update(): this {
    for (const frame of this.socket.frames.slice(this.read)) {
      this.receive(frame);
      this.read += 1;
    }
    return this;
  }

  /** Whether it still follows the topic. */
  get follows(): boolean {
    return this.subscription !== undefined && this.overflows.length === 0;
  }

  /** Leaves for good, even during the subscription. */
  leave(): void {
    this.left = true;
    this.subscription?.close();
    this.subscription = undefined;
  }

  types(): string[] {
    return this.frames.map(({ type }) => type);
  }
}

/** One node and its shared broker. */
export interface TestNode {
  readonly environment: VirtualEnvironment;
  readonly scheduler: FlushScheduler;
  readonly broker: MemoryBroker;
  readonly topics: TopicRegistry;
  readonly logged: string[];
  readonly marks: SetUpOptions['outbox'];
}

export function setUp(options: SetUpOptions = {}, shared?: TestNode) {
  const environment = shared?.environment ?? new VirtualEnvironment();
  const logged = shared?.logged ?? [];
  const note = (event: string, detail: unknown): void => void logged.push(`${event}: ${String(detail)}`);
  const log = { warn: (event: string, values: unknown) => note(event, JSON.stringify(values)), error: note };
  const history = { count: 100, bytes: 100_000, ageMs: 300_000, ...options.history };
  const broker = shared?.broker ?? new MemoryBroker({ environment, log, history });
  const topics = new TopicRegistry({
    broker: options.wrap?.(broker) ?? broker,
    loader: { load: (topic) => options.load?.(topic) ?? { type: 'nothing' } },
    environment,
    log,
    history,
    limits: {
      frames: { publicationBytes: 262_144 },
      timeouts: { loadMs: 2_000, lingerMs: 60_000 },
      ...options.limits,
    },
  });
  const scheduler = shared?.scheduler ?? new FlushScheduler(environment);
  const node: TestNode = { environment, scheduler, broker, topics, logged, marks: options.outbox };
  return { ...node, node, reader: () => new TestReader(node) };
}

/** The frames of an answer, parsed. */
export function parse(frames: readonly { readonly text: string }[]): ServerFrame[] {
  return frames.map(({ text }) => JSON.parse(text) as ServerFrame);
}
