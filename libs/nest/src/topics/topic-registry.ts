import type { Position, Since } from '@statewire/protocol';
import { Observable } from 'rxjs';

import type { Broker } from '../core/broker.js';
import type { LogLimits } from '../broker/memory/publication-log.js';
import { ActionContext } from '../core/action-context.js';
import type { Environment, Timer } from '../core/environment.js';
import type { Counters } from '../core/counters.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { FrameSink } from '../delivery/frame-sink.js';
import { TopicLifecycle } from './topic-lifecycle.js';
import { ConnectionSubscriber } from './connection-subscriber.js';
import { freezeDeep, project } from './projection.js';
import { StreamSubscriber } from './stream-subscriber.js';
import { PublishError } from './publish-error.js';
import type { Timeline } from './timeline.js';
import type {
  CatchUpAnswer,
  ResolvedTopic,
  TopicLoader,
  TopicPublication,
  Topics,
  TopicSubscription,
} from './topics.js';
import { unavailable } from './unavailable.js';
import { untilChange } from './until-change.js';

/** Topics that nobody follows and that are kept for those who come back soon; beyond it the longest unused one goes. */
const MAX_LINGERING = 10_000;

/** How often one caller brings a topic to life that ends before it is there. */
const MAX_VISITS = 2;

/** Durations in milliseconds, sizes in bytes; 0 switches a limit off. */
export interface TopicRegistryOptions {
  readonly broker: Broker;
  readonly loader: TopicLoader;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'warn' | 'error'>;
  readonly limits: { readonly maxPublication: number; readonly loadTimeout: number; readonly linger: number };
  readonly history: LogLimits;
  /** Whether published objects are frozen, so that changing one throws where it happens. Default: outside production. */
  readonly freeze?: boolean;
  /** Omitted: nothing is counted. */
  readonly counters?: Counters;
}

interface Entry {
  readonly activation: TopicLifecycle;
  holders: number;
}

/** The topics of this node that somebody follows, or did a moment ago. */
export class TopicRegistry implements Topics {
  private readonly entries = new Map<string, Entry>();
  private readonly lingering = new Map<string, Timer>();
  private readonly releasing = new Map<string, Promise<void>>();
  private readonly freeze: boolean;
  private disposed = false;

  constructor(private readonly options: TopicRegistryOptions) {
    this.freeze = options.freeze ?? process.env.NODE_ENV !== 'production';
  }

  /** Everything that is held, for tests and metrics: all zero when nobody follows anything and the linger has passed. */
  get sizes(): { live: number; lingering: number; releasing: number } {
    return { live: this.entries.size, lingering: this.lingering.size, releasing: this.releasing.size };
  }

  get size(): number {
    return this.entries.size;
  }

  async subscribe(
    topic: ResolvedTopic,
    outlet: FrameSink,
    { since: asked, ref, onEnd }: Parameters<Topics['subscribe']>[2],
  ): Promise<TopicSubscription> {
    const since = startOf(topic, asked);
    return this.visit(topic, async (entry) => {
      const timeline = await this.reach(entry, topic, since);
      for (let drained = outlet.whenDrained(); drained !== undefined; drained = outlet.whenDrained()) await drained;
      const { live } = entry.activation;
      if (timeline === undefined || live.ended) return undefined;
      const onClose = (): void => {
        live.remove(outlet, member);
        this.drop(topic.name, entry);
      };
      const { counters } = this.options;
      const member: ConnectionSubscriber = new ConnectionSubscriber(timeline, outlet, {
        ...{ since, ref, onEnd, onClose },
        ...(counters === undefined ? {} : { counters }),
      });
      live.add(outlet, member);
      entry.holders += 1;
      return member;
    });
  }

  async catchUp(topic: ResolvedTopic, asked?: Since): Promise<CatchUpAnswer> {
    const since = startOf(topic, asked);
    return this.visit(topic, async (entry) => {
      const timeline = await this.reach(entry, topic, since);
      if (timeline === undefined) return undefined;
      const { position, recovered, cursor } = timeline.start(since);
      const frames = [timeline.frames.subscribed(position, recovered)];
      for (
        let next = timeline.after(cursor);
        next !== undefined && next !== 'lost';
        next = timeline.after(next.cursor)
      ) {
        frames.push(...next.frames);
      }
      return { frames, position };
    });
  }

  async waitForNews(topic: ResolvedTopic, position: Position, signal: AbortSignal): Promise<boolean> {
    const entry = this.hold(topic);
    try {
      const timeline = await this.reach(entry, topic, position);
      if (timeline === undefined) return true;
      const { live } = entry.activation;
      const { position: now } = timeline;
      if (now.epoch !== position.epoch || now.offset > position.offset) return true;
      if (signal.aborted) return false;
      return await untilChange(live, { environment: this.options.environment, signal });
    } finally {
      this.drop(topic.name, entry);
    }
  }

  publish(topic: ResolvedTopic, value: unknown): Promise<Position> {
    if (this.entries.get(topic.name)?.activation.hasSource === true) {
      const message = `"${topic.name}" is written by the observable its handler returned: publish through that one.`;
      return Promise.reject(new PublishError('has_source', message));
    }
    return this.write(topic, value);
  }

  stream(topic: ResolvedTopic): Observable<TopicPublication> {
    return new Observable((subscriber) => {
      const entry = this.hold(topic);
      const { live } = entry.activation;
      const key = {};
      const open = async (): Promise<void> => {
        const timeline = await this.reach(entry, topic, undefined);
        if (subscriber.closed) return;
        if (timeline === undefined) return subscriber.complete();
        const member = new StreamSubscriber(timeline, subscriber);
        live.add(key, member);
        subscriber.add(() => live.remove(key, member));
      };
      open().catch((error: unknown) => subscriber.error(error));
      return () => this.drop(topic.name, entry);
    });
  }

  close(topic: string): Promise<void> {
    return this.options.broker.close(topic);
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    for (const [name, entry] of this.entries) this.release(name, entry);
    await Promise.all(this.releasing.values());
  }

  /**
   * Holds the topic while it is visited. One that ended meanwhile may have been closed and begun anew, so it is asked once
   * more, and not again: a handler whose topic ends whenever it loads would be called without end.
   */
  private async visit<T>(topic: ResolvedTopic, work: (entry: Entry) => Promise<T | undefined>): Promise<T> {
    for (let visit = 0; visit < MAX_VISITS && !this.disposed; visit++) {
      const entry = this.hold(topic);
      try {
        const result = await work(entry);
        if (result !== undefined) return result;
      } finally {
        this.drop(topic.name, entry);
      }
    }
    throw unavailable('The topic ended while it loaded.');
  }

  /** Waits until the topic is there and reaches back to `since`, as far as that can be. Undefined where it ended. */
  private async reach(entry: Entry, topic: ResolvedTopic, since: Since | undefined): Promise<Timeline | undefined> {
    const { activation } = entry;
    const { live } = activation;
    await activation.ready();
    if (live.ended) return undefined;
    await live.reach(since);
    return live.ended ? undefined : live.timeline;
  }

  /** Never throws and calls the broker at once, so that publications of one process keep their order. */
  private write(topic: ResolvedTopic, value: unknown): Promise<Position> {
    const position = this.append(topic, value);
    ActionContext.recordPublication(topic.name, position);
    return position;
  }

  private async append(topic: ResolvedTopic, value: unknown): Promise<Position> {
    const projection = project(topic.name, value, this.options.limits.maxPublication);
    if (this.freeze) freezeDeep(value);
    const live = this.entries.get(topic.name)?.activation.live;
    const publication = live?.prepare(projection) ?? {
      kind: topic.kind,
      data: projection.text,
      value: projection.value,
    };
    return this.options.broker.publish(topic.name, publication);
  }

  private hold(topic: ResolvedTopic): Entry {
    const entry = this.entries.get(topic.name) ?? this.activate(topic);
    entry.holders += 1;
    this.lingering.get(topic.name)?.cancel();
    this.lingering.delete(topic.name);
    return entry;
  }

  private activate(topic: ResolvedTopic): Entry {
    const { name } = topic;
    const { broker, environment, history, limits, loader, log } = this.options;
    const activation = new TopicLifecycle(
      {
        ...{ broker, environment, history, limits, loader, log, topic },
        publish: (value) => this.write(topic, value),
        onEnded: () => this.release(name, entry),
      },
      this.releasing.get(name),
    );
    const entry: Entry = { activation, holders: 0 };
    this.entries.set(name, entry);
    return entry;
  }

  private drop(name: string, entry: Entry): void {
    entry.holders -= 1;
    if (entry.holders > 0 || this.entries.get(name) !== entry) return;
    const timer = this.options.environment.setTimer(() => this.release(name, entry), this.options.limits.linger);
    this.lingering.set(name, timer);
    if (this.lingering.size > MAX_LINGERING) this.releaseLongestUnused();
  }

  private releaseLongestUnused(): void {
    for (const name of this.lingering.keys()) {
      const entry = this.entries.get(name);
      if (entry !== undefined) this.release(name, entry);
      return;
    }
  }

  private release(name: string, entry: Entry): void {
    if (this.entries.get(name) !== entry) return;
    this.entries.delete(name);
    this.lingering.get(name)?.cancel();
    this.lingering.delete(name);
    const released: Promise<void> = entry.activation.release().finally(() => {
      if (this.releasing.get(name) === released) this.releasing.delete(name);
    });
    this.releasing.set(name, released);
  }
}

/** A state topic is its newest value: "oldest" asks for no more than that. */
function startOf({ kind }: ResolvedTopic, since: Since | undefined): Since | undefined {
  return kind === 'state' && since === 'oldest' ? undefined : since;
}
