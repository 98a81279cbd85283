import { diff, type Json, type Position, type Since } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';
import { FakeTopic, VirtualEnvironment } from '@statewire/testing';
import fc from 'fast-check';

import { MetricsRecorder } from '../core/metrics-recorder.js';
import type { EventDelivery } from '../topics/topic-state.js';
import { EventStore } from '../topics/event-store.js';
import { StateStore } from '../topics/state-store.js';
import { TopicFeed, type FeedFrame } from './topic-feed.js';

/** A request on its way: its feed, and the frames that have not arrived yet, in order. */
interface Stream {
  readonly feed: TopicFeed;
  readonly frames: FeedFrame[];
}

/**
 * Two transports, each with streams of its own, in any interleaving: the server publishes, a transport asks from the
 * store's own position, a frame of either arrives. `dead` feeds have reported a hole.
 */
type Step = 'publish' | 'renew' | 'ask-a' | 'ask-b' | 'arrive-a' | 'arrive-b' | 'lose-a' | 'lose-b';
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>('publish') },
    { weight: 1, arbitrary: fc.constant<Step>('renew') },
    { weight: 2, arbitrary: fc.constantFrom<Step>('ask-a', 'ask-b') },
    { weight: 8, arbitrary: fc.constantFrom<Step>('arrive-a', 'arrive-b') },
    { weight: 1, arbitrary: fc.constantFrom<Step>('lose-a', 'lose-b') },
  ),
  { maxLength: 120 },
);

class Conversation {
  readonly environment = new VirtualEnvironment();
  readonly topic: FakeTopic;
  readonly store: StateStore | EventStore;
  readonly truth = new Map<string, Json>();
  private readonly streams = new Map<string, Stream>();
  private published = 0;

  constructor(kind: 'state' | 'events', keep: number) {
    this.topic = new FakeTopic('t', kind, keep, this.environment.now);
    const metrics = new MetricsRecorder(this.environment);
    this.store = kind === 'state' ? new StateStore(this.environment, metrics) : new EventStore(metrics);
  }

  play(step: Step): void {
    const [name, transport = ''] = step.split('-') as [string, string?];
    const stream = this.streams.get(transport);
    if (name === 'publish') this.publish();
    else if (name === 'renew') this.renew();
    else if (name === 'ask') this.ask(transport);
    else if (name === 'lose') this.streams.delete(transport);
    else if (stream !== undefined) this.arrive(transport, stream);
  }

  /** Everything on the way arrives, and transports that met a hole ask again. */
  quiesce(): void {
    this.ask('a');
    for (let round = 0; round < 1_000; round++) {
      const waiting = [...this.streams].filter(([, { frames }]) => frames.length > 0);
      if (waiting.length === 0) return;
      for (const [transport, stream] of waiting) this.arrive(transport, stream);
    }
    throw new Error('It never came to rest.');
  }

  private publish(): void {
    this.published += 1;
    const value = {
      n: this.published,
      list: Array.from({ length: this.published % 7 }, (_, i) => ({ i })),
      text: 'x'.repeat(60),
    };
    const frame = this.topic.publish(value);
    this.remember(value);
    for (const { frames } of this.streams.values()) frames.push(frame);
  }

  private renew(): void {
    const subscribed = this.topic.renew();
    this.remember(this.topic.value);
    const frames =
      this.topic.kind === 'state' && subscribed.offset > 0 ? [subscribed, this.topic.snapshot()] : [subscribed];
    for (const stream of this.streams.values()) stream.frames.push(...frames);
  }

  private ask(transport: string): void {
    const since: Since | undefined = this.store.cursor;
    this.streams.set(transport, { feed: new TopicFeed(this.store, since), frames: this.topic.catchUp(since) });
  }

  private arrive(transport: string, { feed, frames }: Stream): void {
    const frame = frames.shift();
    if (frame === undefined) return;
    const outcome = feed.apply(frame);
    expect(outcome).not.toBe('broken');
    expect(outcome).not.toBe('kind-mismatch');
    if (outcome === 'hole') this.ask(transport);
  }

  private remember(value: Json | undefined): void {
    const { epoch, offset } = this.topic.position;
    if (value !== undefined && offset > 0) this.truth.set(`${epoch}:${offset}`, value);
  }
}

describe('merging of two transports', () => {
  test('a value always equals the server’s at its position, and a position never goes back within its epoch', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), (history, keep) => {
        const conversation = new Conversation('state', keep);
        const store = conversation.store as StateStore;
        const seen: { value: unknown; position: Position }[] = [];
        store.state$.subscribe(({ value, position }) => void (position && seen.push({ value, position })));
        for (const step of history) conversation.play(step);
        conversation.quiesce();
        expect(store.cursor).toEqual(conversation.topic.position);
        const last = new Map<string, number>();
        for (const { value, position } of seen) {
          const { epoch, offset } = position;
          expect(offset).toBeGreaterThanOrEqual(last.get(epoch) ?? 0);
          last.set(epoch, offset);
          expect(value).toEqual(conversation.truth.get(`${epoch}:${offset}`));
        }
      }),
      { numRuns: 600 },
    );
  });

  test('events arrive once and in order, and every gap is reported', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), fc.boolean(), (history, keep, oldest) => {
        const conversation = new Conversation('events', keep);
        const store = conversation.store as EventStore;
        const deliveries: EventDelivery<Json>[] = [];
        store.read(oldest ? 'oldest' : undefined, () => undefined).subscribe((delivery) => deliveries.push(delivery));
        for (const step of history) conversation.play(step);
        conversation.quiesce();
        let at: Position | undefined;
        for (const delivery of deliveries) {
          const { epoch, offset } = delivery.position;
          if (delivery.type === 'event') {
            expect(delivery.data).toEqual(conversation.truth.get(`${epoch}:${offset}`));
            if (at?.epoch === epoch) expect(offset).toBe(at.offset + 1);
            else expect(at).toBeUndefined();
          } else if (at?.epoch === epoch) {
            expect(offset).toBeGreaterThan(at.offset);
          }
          at = delivery.position;
        }
        const { cursor } = store;
        if (cursor !== 'oldest') expect(cursor).toEqual(conversation.topic.position);
      }),
      { numRuns: 600 },
    );
  });

  test('readers with any since get contiguous events from there on', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(10), { maxLength: 4 }), (history, joins) => {
        const conversation = new Conversation('events', 1_000);
        const store = conversation.store as EventStore;
        const seen: number[][] = [];
        const join = (since: Since | undefined) => {
          const run: number[] = [];
          seen.push(run);
          store
            .read(since, () => conversation.play('ask-a'))
            .subscribe((delivery) => run.push(delivery.position.offset));
        };
        join(undefined);
        const quiet = history.filter((step) => step !== 'renew');
        quiet.forEach((step, i) => {
          conversation.play(step);
          const { cursor } = store;
          if (joins.includes(i % 11) && typeof cursor === 'object')
            join({ ...cursor, offset: Math.max(0, cursor.offset - (i % 5)) });
        });
        conversation.quiesce();
        for (const run of seen) {
          expect(run).toEqual(run.map((_, i) => (run[0] ?? 0) + i));
          if (run.length > 0) expect(run.at(-1)).toBe(conversation.topic.position.offset);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a delta that does not fit is broken and changes nothing', () => {
    const conversation = new Conversation('state', 10);
    const store = conversation.store as StateStore;
    conversation.play('publish');
    conversation.play('ask-a');
    conversation.quiesce();
    const before = store.cursor;
    const feed = new TopicFeed(store, store.cursor);
    feed.apply({ type: 'subscribed', topic: 't', kind: 'state', ...before!, recovered: true });
    expect(feed.apply({ type: 'patch', topic: 't', from: 1, offset: 2, delta: { '-nothing': 0 } })).toBe('broken');
    expect(
      feed.apply({ type: 'patch', topic: 't', from: 1, offset: 2, delta: diff(conversation.topic.value!, 5) as Json }),
    ).toBe('applied');
    expect(store.cursor).toEqual({ ...before!, offset: 2 });
  });
});
