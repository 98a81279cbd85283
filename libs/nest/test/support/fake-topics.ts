import type { Json } from '@statewire/protocol';

import { encodeFrame } from '../../src/delivery/frame-encoder.js';
import type { FrameSink } from '../../src/delivery/frame-sink.js';
import type { TopicSubscription } from '../../src/topics/subscribers.js';
import type { ResolvedTopic } from '../../src/topics/topic-loader.js';
import type { SubscribeOptions, TopicRegistry } from '../../src/topics/topic-registry.js';

interface Follower {
  readonly sink: FrameSink;
  readonly onEnd: SubscribeOptions['onEnd'];
}

const EPOCH = 'e1';

/** Topics without values: each subscriber gets `subscribed` and the snapshots that a test sends. */
export class FakeTopics implements Pick<TopicRegistry, 'subscribe' | 'close'> {
  /** Awaited by each subscription before it sends `subscribed`. */
  loading: (topic: string) => Promise<void> = () => Promise.resolve();
  private readonly followers = new Map<string, Set<Follower>>();
  private offset = 0;

  /** Names of the topics with subscribers. */
  get followed(): readonly string[] {
    return [...this.followers].filter(([, followers]) => followers.size > 0).map(([topic]) => topic);
  }

  async subscribe(topic: ResolvedTopic, sink: FrameSink, options: SubscribeOptions): Promise<TopicSubscription> {
    await this.loading(topic.name);
    const { ref, onEnd } = options;
    const frame = {
      type: 'subscribed',
      topic: topic.name,
      kind: topic.kind,
      epoch: EPOCH,
      offset: this.offset,
    } as const;
    sink.send(encodeFrame({ ...frame, recovered: false, ...(ref === undefined ? {} : { ref }) }));
    const follower = { sink, onEnd };
    const followers = this.followers.get(topic.name) ?? new Set();
    this.followers.set(topic.name, followers.add(follower));
    return { topic: topic.name, close: () => void followers.delete(follower) };
  }

  /** Sends a snapshot to the subscribers of a topic. */
  sendSnapshot(topic: string, data: Json): void {
    this.offset += 1;
    const frame = encodeFrame({ type: 'snapshot', topic, epoch: EPOCH, offset: this.offset, data });
    for (const { sink } of this.followers.get(topic) ?? []) sink.offer(frame, { pull: () => [] });
  }

  close(topic: string): Promise<void> {
    const followers = this.followers.get(topic) ?? new Set();
    this.followers.delete(topic);
    for (const { onEnd } of followers) onEnd('closed');
    return Promise.resolve();
  }
}
