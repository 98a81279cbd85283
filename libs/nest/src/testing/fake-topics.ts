import type { Json, Position } from '@statewire/protocol';
import { NEVER, type Observable } from 'rxjs';

import { encodeFrame } from '../delivery/frame-encoder.js';
import type { FrameSink } from '../delivery/frame-sink.js';
import type { CatchUpAnswer, ResolvedTopic, TopicPublication, Topics, TopicSubscription } from '../topics/topics.js';

type SubscribeOptions = Parameters<Topics['subscribe']>[2];

interface Follower {
  readonly outlet: FrameSink;
  readonly onEnd: SubscribeOptions['onEnd'];
}

const EPOCH = 'e1';

/** Topics without values: whoever subscribes is told so, and gets what a test publishes. */
export class FakeTopics implements Topics {
  /** Awaited by each subscription before it is answered. */
  loading: (topic: string) => Promise<void> = () => Promise.resolve();
  private readonly followers = new Map<string, Set<Follower>>();
  private offset = 0;

  /** Names of the topics somebody follows. */
  get followed(): readonly string[] {
    return [...this.followers].filter(([, followers]) => followers.size > 0).map(([topic]) => topic);
  }

  get size(): number {
    return this.followed.length;
  }

  async subscribe(topic: ResolvedTopic, outlet: FrameSink, options: SubscribeOptions): Promise<TopicSubscription> {
    await this.loading(topic.name);
    const { ref, onEnd } = options;
    const frame = {
      type: 'subscribed',
      topic: topic.name,
      kind: topic.kind,
      epoch: EPOCH,
      offset: this.offset,
    } as const;
    outlet.send(encodeFrame({ ...frame, recovered: false, ...(ref === undefined ? {} : { ref }) }));
    const follower = { outlet, onEnd };
    const followers = this.followers.get(topic.name) ?? new Set();
    this.followers.set(topic.name, followers.add(follower));
    return { topic: topic.name, close: () => void followers.delete(follower) };
  }

  /** Sends a snapshot to whoever follows the topic. */
  tell(topic: string, data: Json): void {
    this.offset += 1;
    const frame = encodeFrame({ type: 'snapshot', topic, epoch: EPOCH, offset: this.offset, data });
    for (const { outlet } of this.followers.get(topic) ?? []) outlet.offer(frame, { pull: () => [] });
  }

  close(topic: string): Promise<void> {
    const followers = this.followers.get(topic) ?? new Set();
    this.followers.delete(topic);
    for (const { onEnd } of followers) onEnd('closed');
    return Promise.resolve();
  }

  catchUp(): Promise<CatchUpAnswer> {
    return Promise.resolve({ frames: [], position: { epoch: EPOCH, offset: this.offset } });
  }

  waitForNews(): Promise<boolean> {
    return Promise.resolve(false);
  }

  publish(): Promise<Position> {
    return Promise.resolve({ epoch: EPOCH, offset: this.offset });
  }

  stream(): Observable<TopicPublication> {
    return NEVER;
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}
