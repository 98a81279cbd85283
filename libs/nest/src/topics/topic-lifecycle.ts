import type { Position } from '@statewire/protocol';
import { isObservable } from 'rxjs';

import { BrokerError, type Broker, type PublishOptions } from '../core/broker.js';
import type { LogLimits } from '../core/publication-log.js';
import { outsideCallers, type Environment, type Timer } from '../core/environment.js';
import { internalError, RealtimeError } from '../core/errors.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { TimeoutOptions } from '../core/options.js';
import { LiveTopic } from './live-topic.js';
import { waitForChange } from './subscribers.js';
import type { ReadLimit } from './read-limit.js';
import type { ResolvedTopic, TopicLoad, TopicLoader } from './topic-loader.js';
import { TopicSource } from './topic-source.js';

/** Milliseconds after which a client may request an unavailable topic again. */
const RETRY_AFTER_MS = 1_000;

/** The deadlines of a topic; see `RealtimeModuleOptions.limits`. */
export type TopicTimeouts = Pick<TimeoutOptions, 'loadMs' | 'lingerMs'>;

export interface TopicLifecycleOptions {
  readonly topic: ResolvedTopic;
  readonly broker: Broker;
  readonly loader: TopicLoader;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'warn' | 'error'>;
  readonly history: LogLimits;
  readonly reads: ReadLimit;
  readonly limits: { readonly timeouts: TopicTimeouts };
  /** Publishes the value of the loader, if the topic still stands at `only`. */
  readonly publishFirst: (value: unknown, only: Position) => Promise<Position>;
  /** Publishes a value of the source. */
  readonly publish: (value: unknown, options: PublishOptions) => Promise<Position>;
  /** Called if the topic failed, took too long to load, or was closed. The registry releases it then. */
  readonly onEnded: () => void;
}

/** The life of one topic on this node: opens it, loads its first value, keeps it live and releases it. */
export class TopicLifecycle {
  readonly live: LiveTopic;
  /** Runs the observable that is the only writer of the topic. Undefined: the topic has no observable. */
  source: TopicSource | undefined;
  private loaded = false;
  private reloads = false;
  private deadline: Timer | undefined;
  private readonly readiness: Promise<void>;

  /** @param previous the release of an earlier lifecycle of the same topic, which has to free its lease first. */
  constructor(
    private readonly options: TopicLifecycleOptions,
    previous: Promise<void> | undefined,
  ) {
    const { broker, environment, history, log, reads, topic } = options;
    this.live = new LiveTopic({
      topic,
      broker,
      environment,
      history,
      log,
      reads,
      onEmptied: () => void this.reload(),
      onClosed: options.onEnded,
    });
    this.readiness = new Promise((resolve, reject) => {
      this.deadline = this.startDeadline(reject);
      this.begin(previous).then(resolve, (error: unknown) => {
        reject(this.toLoadError(error));
        options.onEnded();
      });
    });
    // Every waiter handles the rejection itself, and there may be no waiter.
    this.readiness.catch(() => undefined);
  }

  /**
   * Returns undefined if the topic is loaded. Otherwise returns a promise that resolves when it is.
   *
   * @throws (rejects) RealtimeError `unavailable` or `internal` if the topic cannot be loaded.
   */
  whenLoaded(): Promise<void> | undefined {
    return this.loaded ? undefined : this.readiness;
  }

  /** Stops the source and the live topic. Logs their errors. */
  async release(): Promise<void> {
    this.deadline?.cancel();
    const { log, topic } = this.options;
    try {
      await this.source?.stop();
    } catch (error) {
      log.error('source-stop-failed', error, { topic: topic.name });
    }
    try {
      await this.live.release();
    } catch (error) {
      log.error('topic-release-failed', error, { topic: topic.name });
    }
  }

  private async begin(previous: Promise<void> | undefined): Promise<void> {
    await previous;
    await this.live.open();
    if (this.live.ended) return;
    // Taken before the load: a publication during the load is newer than the loaded value.
    const before = this.live.timeline.position;
    const load = await this.load();
    if (this.live.ended) return;
    if (load.type === 'source') await this.runSource(load.source);
    if (load.type === 'value') {
      this.reloads = this.options.topic.kind === 'state';
      await this.publishLoaded(load.value, before);
    }
    this.deadline?.cancel();
    this.loaded = true;
    // An epoch that began during the load has no value, and the loaded one is older.
    if (this.hasEmptyEpochAfter(before)) await this.reload();
  }

  private async load(): Promise<TopicLoad> {
    const { loader, topic } = this.options;
    const load = await outsideCallers(() => loader.load(topic));
    // The topic may end before anything waits for the value, and an unhandled rejection would end the process.
    if (load.type === 'value') load.value.catch(() => undefined);
    return load;
  }

  private async publishLoaded(loaded: Promise<unknown>, before: Position): Promise<void> {
    const value = loaded.then(rejectObservable);
    if (before.offset > 0) {
      value.catch((error: unknown) => this.logFailure(error));
      return;
    }
    const first = await value;
    if (this.options.topic.kind === 'events') return;
    if (first !== undefined && this.isAt(before)) await this.publishFirst(first, before);
  }

  private async publishFirst(value: unknown, before: Position): Promise<void> {
    try {
      await this.options.publishFirst(value, before);
    } catch (error) {
      // Another node has published meanwhile, or is the only writer. Its value is newer than the loaded one.
      if (error instanceof BrokerError && (error.code === 'moved' || error.code === 'fenced')) return;
      // The handler is at fault, not the client. A RealtimeError would reach the client without a log entry.
      throw error instanceof RealtimeError ? new Error(error.message, { cause: error }) : error;
    }
  }

  private hasEmptyEpochAfter({ epoch }: Position): boolean {
    if (this.live.ended) return false;
    const { position } = this.live.timeline;
    return position.epoch !== epoch && position.offset === 0;
  }

  private isAt({ epoch, offset }: Position): boolean {
    const { ended, timeline } = this.live;
    return !ended && timeline.position.epoch === epoch && timeline.position.offset === offset;
  }

  private async runSource(source: (TopicLoad & { type: 'source' })['source']): Promise<void> {
    const { broker, environment, log, publish, topic } = this.options;
    this.source = new TopicSource({
      ...{ broker, environment, log, publish, source },
      topic: topic.name,
      kind: topic.kind,
      onFailed: () => this.fail(),
    });
    const before = this.live.timeline.position;
    await this.source.start();
    this.deadline?.cancel();
    if (topic.kind === 'state' && this.awaitsFirst(before)) await this.waitForFirst(this.source, before);
    // The source has logged its error.
    if (this.source.failed) throw internalError(undefined);
  }

  /** Whether the topic has no value of a source that runs. An earlier source may have left one. */
  private awaitsFirst({ epoch, offset }: Position): boolean {
    if (this.live.ended || this.source?.failed) return false;
    const { position } = this.live.timeline;
    return position.offset === 0 || (this.source!.runs && position.epoch === epoch && position.offset === offset);
  }

  private async waitForFirst(source: TopicSource, before: Position): Promise<void> {
    const { broker, environment, limits, topic } = this.options;
    await waitForChange(this.live, { environment, timeout: limits.timeouts.loadMs });
    // An observable may emit nothing yet. Then the topic correctly starts at offset 0.
    if (this.awaitsFirst(before) && source.runs && this.live.timeline.position.offset > 0) {
      await broker.replaceEpoch(topic.name, topic.kind, before.epoch);
    }
  }

  /** Loads the value again after the broker has forgotten it. */
  private async reload(): Promise<void> {
    if (!this.loaded || !this.reloads) return;
    const { environment, limits } = this.options;
    const { loadMs } = limits.timeouts;
    const onLate = (): void => {
      this.logTimeout();
      this.failWithoutValue();
    };
    const deadline = loadMs === 0 ? undefined : environment.setTimer(onLate, loadMs);
    try {
      const before = this.live.timeline.position;
      const load = await this.load();
      if (load.type === 'value' && !this.live.ended) await this.publishLoaded(load.value, before);
    } catch (error) {
      this.logFailure(error);
      this.failWithoutValue();
    } finally {
      deadline?.cancel();
    }
  }

  /** A publication may have brought a value while the loader failed. */
  private failWithoutValue(): void {
    if (!this.live.ended && this.live.timeline.position.offset === 0) this.fail();
  }

  /** Ends the topic on this node with a temporary error for its readers. They request it again. */
  private fail(): void {
    if (this.live.ended) return;
    this.live.fail();
    this.options.onEnded();
  }

  /** After the deadline, waiters get an error. The load may continue for `lingerMs` and serve later callers. */
  private startDeadline(reject: (error: RealtimeError) => void): Timer | undefined {
    const { environment, limits, onEnded } = this.options;
    const { loadMs, lingerMs } = limits.timeouts;
    if (loadMs === 0) return undefined;
    return environment.setTimer(() => {
      this.logTimeout();
      reject(unavailableError('The topic takes too long to load.'));
      this.deadline = environment.setTimer(onEnded, lingerMs);
    }, loadMs);
  }

  private toLoadError(error: unknown): RealtimeError {
    if (error instanceof RealtimeError) return error;
    this.logFailure(error);
    if (error instanceof BrokerError) return unavailableError('The topic cannot be read right now.');
    return internalError(error);
  }

  private logTimeout(): void {
    const { limits, log, topic } = this.options;
    const { loadMs } = limits.timeouts;
    log.warn('topic-load-timed-out', { topic: topic.name, option: 'limits.timeouts.loadMs', loadMs });
  }

  private logFailure(error: unknown): void {
    this.options.log.error('topic-load-failed', error, { topic: this.options.topic.name });
  }
}

/** The error for a temporarily unavailable topic. The client may try again after a second. */
export function unavailableError(message: string): RealtimeError {
  return new RealtimeError('unavailable', message, { retryAfter: RETRY_AFTER_MS });
}

function rejectObservable(value: unknown): unknown {
  if (!isObservable(value)) return value;
  throw new TypeError('A handler returned a promise of an observable: return the observable itself, without async.');
}
