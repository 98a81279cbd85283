import { AsyncLocalStorage } from 'node:async_hooks';

import type { Position, TopicPosition } from '@statewire/protocol';
import { isObservable, lastValueFrom, Subject, takeUntil } from 'rxjs';

import { RealtimeError } from './errors.js';
import { isPromise, type MaybePromise } from './maybe-promise.js';

const contexts = new AsyncLocalStorage<ActionContext>();

/** The result of a run, and the newest position of each topic that it published to. */
export interface ActionResult<T> {
  readonly result: T;
  readonly positions: readonly TopicPosition[];
}

interface RecordedPublication {
  readonly topic: string;
  readonly position: Promise<Position>;
}

/**
 * One run of an action, from its guards to its answer. Follows the run through Nest's pipeline, which reports neither
 * that the handler started nor what it published.
 */
export class ActionContext {
  /** Made for a handler that returns an observable. */
  private ended: Subject<void> | undefined;
  private publications: RecordedPublication[] | undefined;
  private over = false;
  private begun = false;
  /** False after the handler returned: timers and subscriptions that it started go on longer. */
  private recording = true;

  /** Whether the handler started. Decides whether the broker remembers the answer. */
  get started(): boolean {
    return this.begun;
  }

  /**
   * Calls the handler inside the current context. Returns its result, or a promise of the last value of an observable,
   * for which it waits until the context ends.
   *
   * @throws RealtimeError `timeout` when the context ended before.
   */
  static start(handler: () => unknown): unknown {
    const context = contexts.getStore();
    if (!context || context.over) throw new RealtimeError('timeout', 'The handler did not start in time.');
    context.begun = true;
    const result = handler();
    if (!isObservable(result)) return result;
    return lastValueFrom(result.pipe(takeUntil((context.ended ??= new Subject()))), { defaultValue: undefined });
  }

  /** Records a publication in the context of the action that makes it, if there is one. */
  static recordPublication(topic: string, position: Promise<Position>): void {
    const context = contexts.getStore();
    if (context?.recording === true) (context.publications ??= []).push({ topic, position });
  }

  /**
   * Runs `work` in this context. Returns its outcome at once if `work` returns no promise and published nothing. Waits
   * for publications that `work` did not await; a publication that failed has no position. Throws what `work` throws.
   */
  run<T>(work: () => MaybePromise<T>): MaybePromise<ActionResult<T>> {
    return contexts.run(this, () => {
      const result = work();
      if (isPromise(result)) return this.finish(result);
      this.recording = false;
      return this.withPositions(result);
    });
  }

  /** From now on no handler starts in this context, and nothing listens to the observable of one that did. */
  end(): void {
    this.over = true;
    this.recording = false;
    this.ended?.next();
    this.ended?.complete();
  }

  private async finish<T>(running: Promise<T>): Promise<ActionResult<T>> {
    let result: T;
    try {
      result = await running;
    } finally {
      this.recording = false;
    }
    return this.withPositions(result);
  }

  private withPositions<T>(result: T): MaybePromise<ActionResult<T>> {
    return this.publications === undefined ? { result, positions: [] } : this.settle(result, this.publications);
  }

  private async settle<T>(result: T, publications: readonly RecordedPublication[]): Promise<ActionResult<T>> {
    const settled = await Promise.allSettled(
      publications.map(async ({ topic, position }) => ({ topic, ...(await position) })),
    );
    const newest = new Map<string, TopicPosition>();
    for (const outcome of settled) {
      if (outcome.status === 'fulfilled') newest.set(outcome.value.topic, outcome.value);
    }
    return { result, positions: [...newest.values()] };
  }
}

/** Counts the actions that run on this node, including those whose connection has ended. */
export class InFlight {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  get size(): number {
    return this.running;
  }

  get none(): boolean {
    return this.running === 0;
  }

  async track<T>(work: MaybePromise<T>): Promise<T> {
    this.running += 1;
    try {
      return await work;
    } finally {
      this.running -= 1;
      if (this.none) for (const resolve of this.waiting.splice(0)) resolve();
    }
  }

  /** Resolves when no action runs. */
  idle(): Promise<void> {
    if (this.none) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
