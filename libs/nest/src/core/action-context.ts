import { AsyncLocalStorage } from 'node:async_hooks';

import type { Position, TopicPosition } from '@statewire/protocol';
import { isObservable, lastValueFrom, Subject, takeUntil } from 'rxjs';

import { RealtimeError } from './errors.js';

const contexts = new AsyncLocalStorage<ActionContext>();

/**
 * One run of an action, from its guards to its answer. Follows the run through Nest's pipeline, which reports neither
 * that the handler started nor what it published.
 */
export class ActionContext {
  private readonly ended = new Subject<void>();
  private readonly publications: { readonly topic: string; readonly position: Promise<Position> }[] = [];
  private over = false;
  private begun = false;
  /** False after the handler returned: timers and subscriptions that it started go on longer. */
  private recording = true;

  /** Whether the handler started. Decides whether the broker remembers the answer. */
  get started(): boolean {
    return this.begun;
  }

  /**
   * Calls the handler inside the current context. Waits for the last value of an observable, until the context ends.
   *
   * @throws RealtimeError `timeout` when the context ended before.
   */
  static async start(handler: () => unknown): Promise<unknown> {
    const context = contexts.getStore();
    if (!context || context.over) throw new RealtimeError('timeout', 'The handler did not start in time.');
    context.begun = true;
    const result = handler();
    if (!isObservable(result)) return result;
    return lastValueFrom(result.pipe(takeUntil(context.ended)), { defaultValue: undefined });
  }

  /** Records a publication in the context of the action that makes it, if there is one. */
  static recordPublication(topic: string, position: Promise<Position>): void {
    const context = contexts.getStore();
    if (context?.recording === true) context.publications.push({ topic, position });
  }

  /**
   * Runs `work` in this context. Resolves with its result and with the newest position of each topic that it published
   * to. Waits for publications that `work` did not await; a publication that failed has no position.
   */
  async run<T>(
    work: () => T | Promise<T>,
  ): Promise<{ readonly result: T; readonly positions: readonly TopicPosition[] }> {
    const result = await contexts
      .run(this, async () => work())
      .finally(() => {
        this.recording = false;
      });
    const settled = await Promise.allSettled(
      this.publications.map(async ({ topic, position }) => ({ topic, ...(await position) })),
    );
    const newest = new Map<string, TopicPosition>();
    for (const outcome of settled) {
      if (outcome.status === 'fulfilled') newest.set(outcome.value.topic, outcome.value);
    }
    return { result, positions: [...newest.values()] };
  }

  /** From now on no handler starts in this context, and nothing listens to the observable of one that did. */
  end(): void {
    this.over = true;
    this.ended.next();
    this.ended.complete();
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

  async track<T>(work: Promise<T>): Promise<T> {
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
