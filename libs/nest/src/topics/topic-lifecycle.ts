import type { Position } from '@statewire/protocol';
import { isObservable } from 'rxjs';

import { BrokerError, type Broker } from '../core/broker.js';
import type { LogLimits } from '../broker/memory/publication-log.js';
import type { Environment, Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import { RealtimeError } from '../core/errors.js';
import { LiveTopic } from './live-topic.js';
import { TopicSource } from './topic-source.js';
import type { ResolvedTopic, TopicLoad, TopicLoader } from './topics.js';
import { unavailable } from './unavailable.js';
import { untilChange } from './until-change.js';

export interface ActivationOptions {
  readonly topic: ResolvedTopic;
  readonly broker: Broker;
  readonly loader: TopicLoader;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'warn' | 'error'>;
  readonly history: LogLimits;
  readonly limits: { readonly loadTimeout: number; readonly linger: number };
  /** Publishes what the loader or the source came up with. */
  readonly publish: (value: unknown) => Promise<Position>;
  /** Nothing more will come of this one: it failed, took too long, or the topic was closed. */
  readonly onEnded: () => void;
}

/** A topic's life on this node: opened, loaded, followed, let go. */
export class TopicLifecycle {
  readonly live: LiveTopic;
  private loaded = false;
  private closed = false;
  private reloads = false;
  private source: TopicSource | undefined;
  private deadline: Timer | undefined;
  private readonly readiness: Promise<void>;

  /** @param former the release of an earlier activation of the same topic, whose lease has to be free. */
  constructor(
    private readonly options: ActivationOptions,
    former: Promise<void> | undefined,
  ) {
    const { broker, environment, history, log, topic } = options;
    this.live = new LiveTopic({
      topic,
      broker,
      environment,
      history,
      log,
      onEmptied: () => void this.reload(),
      onClosed: () => {
        this.closed = true;
        options.onEnded();
      },
    });
    this.readiness = new Promise((resolve, reject) => {
      this.deadline = this.giveUpLater(reject);
      this.begin(former).then(resolve, (error: unknown) => {
        reject(this.explain(error));
        options.onEnded();
      });
    });
    // Each waiter sees it for itself, and there may be none left.
    this.readiness.catch(() => undefined);
  }

  /** Whether an observable is the topic's one writer. */
  get hasSource(): boolean {
    return this.source !== undefined;
  }

  /**
   * Resolves when the topic is open and its first value is there; undefined where it is so now.
   *
   * @throws RealtimeError
   */
  ready(): Promise<void> | undefined {
    return this.loaded ? undefined : this.readiness;
  }

  async release(): Promise<void> {
    this.deadline?.cancel();
    const { log, topic } = this.options;
    try {
      await this.source?.stop(this.closed);
    } catch (error) {
      log.error('source not stopped', error, { topic: topic.name });
    }
    try {
      await this.live.release();
    } catch (error) {
      log.error('topic not released', error, { topic: topic.name });
    }
  }

  private async begin(former: Promise<void> | undefined): Promise<void> {
    await former;
    await this.live.open();
    if (this.live.ended) return;
    // Read before the value is loaded: if anything is published meanwhile, that is newer.
    const before = this.live.timeline.position;
    const load = await this.load();
    if (this.live.ended) return;
    if (load.type === 'source') await this.runSource(load.source);
    if (load.type === 'value') {
      this.reloads = this.options.topic.kind === 'state';
      await this.takeFirst(load.value, before);
    }
    this.deadline?.cancel();
    this.loaded = true;
  }

  private async load(): Promise<TopicLoad> {
    const load = await this.options.loader.load(this.options.topic);
    // The topic may end before anybody waits for it, and a rejection that nobody handles ends the process.
    if (load.type === 'value') load.value.catch(() => undefined);
    return load;
  }

  private async takeFirst(loaded: Promise<unknown>, before: Position): Promise<void> {
    const value = loaded.then(refuseObservable);
    if (before.offset > 0) {
      value.catch((error: unknown) => this.logFailure(error));
      return;
    }
    const first = await value;
    if (this.options.topic.kind === 'events') return;
    if (first !== undefined && this.standsAt(before)) await this.publishFirst(first);
  }

  private async publishFirst(value: unknown): Promise<void> {
    try {
      await this.options.publish(value);
    } catch (error) {
      // `too_large` is said of what a client sends; this is the handler's fault, and nobody else would learn of it.
      throw error instanceof RealtimeError ? new Error(error.message, { cause: error }) : error;
    }
  }

  private standsAt({ epoch, offset }: Position): boolean {
    const { ended, timeline } = this.live;
    return !ended && timeline.position.epoch === epoch && timeline.position.offset === offset;
  }

  private async runSource(source: (TopicLoad & { type: 'source' })['source']): Promise<void> {
    const { broker, environment, limits, log, publish, topic } = this.options;
    this.source = new TopicSource({
      ...{ broker, environment, log, publish, source },
      topic: topic.name,
      kind: topic.kind,
    });
    await this.source.start();
    this.deadline?.cancel();
    if (topic.kind === 'state' && !this.live.ended && this.live.timeline.position.offset === 0) {
      // An observable may well have nothing to say yet; then the topic is at 0, and that is the truth.
      await untilChange(this.live, { environment, timeout: limits.loadTimeout });
    }
    // Logged where it failed.
    if (this.source.failed) throw new RealtimeError('internal', 'Something failed on the server.');
  }

  /** The broker forgot the value: those who load one from elsewhere can have it again. */
  private async reload(): Promise<void> {
    if (!this.loaded || !this.reloads) return;
    try {
      const before = this.live.timeline.position;
      const load = await this.load();
      if (load.type === 'value' && !this.live.ended) await this.takeFirst(load.value, before);
    } catch (error) {
      this.logFailure(error);
    }
  }

  /** Loading may go on after the deadline and serve those who ask again, but not for ever. */
  private giveUpLater(reject: (error: RealtimeError) => void): Timer | undefined {
    const { environment, limits, onEnded } = this.options;
    if (limits.loadTimeout === 0) return undefined;
    return environment.setTimer(() => {
      reject(unavailable('The topic takes too long to load.'));
      this.deadline = environment.setTimer(onEnded, limits.linger);
    }, limits.loadTimeout);
  }

  private explain(error: unknown): RealtimeError {
    if (error instanceof RealtimeError) return error;
    this.logFailure(error);
    if (error instanceof BrokerError) return unavailable('The topic cannot be read right now.');
    return new RealtimeError('internal', 'Something failed on the server.', { cause: error });
  }

  private logFailure(error: unknown): void {
    this.options.log.error('topic not loaded', error, { topic: this.options.topic.name });
  }
}

function refuseObservable(value: unknown): unknown {
  if (!isObservable(value)) return value;
  throw new TypeError('A handler promised an observable: return the observable itself, without async.');
}
