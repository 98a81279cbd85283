import type { Json, Position } from '@statewire/protocol';

import { BrokerError } from '../core/broker.js';
import type { Environment } from '../core/environment.js';
import { PublishError } from './json-copy.js';
import type { ResolvedTopic } from './topic-loader.js';
import type { TopicRegistry } from './topic-registry.js';

/** Maximum number of attempts of one update. Another publication can come between the read and the write of each. */
const MAX_ATTEMPTS = 20;

/** Maximum milliseconds of the random pause between two attempts, so that two nodes do not go on in step. */
const MAX_PAUSE_MS = 50;

/** Maximum milliseconds until the publication that was faster reaches this node. */
const MAX_DELAY_MS = 1_000;

/** The function of mutative that an update needs. Applications without mutative compile these types too. */
export interface Mutative {
  readonly create: (base: object) => readonly [draft: object, finish: () => object];
}

/** A value that a recipe may change: the same type without `readonly`. */
export type Draft<T> = unknown extends T ? T : T extends object ? { -readonly [Key in keyof T]: Draft<T[Key]> } : T;

/** Changes the values of state topics with recipes. The updates of this process to one topic run one after the other. */
export class TopicUpdates {
  private readonly running = new Map<string, Promise<unknown>>();
  private mutative: Mutative | undefined;

  constructor(
    private readonly topics: Pick<TopicRegistry, 'publish' | 'readNewest' | 'waitForNews'>,
    private readonly environment: Pick<Environment, 'random' | 'setTimer'>,
    private readonly loadMutative: () => Promise<Mutative> = () => import('mutative'),
  ) {}

  /** See `RealtimeBus.update`. */
  async update(topic: ResolvedTopic, recipe: (draft: never) => unknown): Promise<Position> {
    const { name } = topic;
    if (topic.kind !== 'state') {
      throw new PublishError('not_updatable', `"${name}" is a topic of events, which has no value. Use publish().`);
    }
    const before = this.running.get(name);
    const update = before === undefined ? this.attempt(topic, recipe) : this.after(before, topic, recipe);
    this.running.set(name, update);
    try {
      return await update;
    } finally {
      if (this.running.get(name) === update) this.running.delete(name);
    }
  }

  private async after(before: Promise<unknown>, topic: ResolvedTopic, recipe: (draft: never) => unknown) {
    await before.catch(() => undefined);
    return this.attempt(topic, recipe);
  }

  private async attempt(topic: ResolvedTopic, recipe: (draft: never) => unknown): Promise<Position> {
    this.mutative ??= await this.load(topic.name);
    const { create } = this.mutative;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const { position, value } = await this.topics.readNewest(topic);
      const next = changed(create, topic.name, value, recipe);
      // A recipe that changes nothing publishes nothing.
      if (next === value) return position;
      try {
        return await this.topics.publish(topic, next, { only: position });
      } catch (error) {
        if (!(error instanceof BrokerError && error.code === 'moved')) throw error;
        await this.arrival(topic, position);
        await this.pause(attempt);
      }
    }
    const message = `Other publications came between the read and the write of each of ${MAX_ATTEMPTS} attempts`;
    throw new PublishError(
      'contended',
      `"${topic.name}" was not updated. ${message}. Try again, or let one node write.`,
    );
  }

  private async load(topic: string): Promise<Mutative> {
    try {
      return await this.loadMutative();
    } catch (cause) {
      const message = `An update of "${topic}" needs the package mutative, which cannot be loaded. Run npm install mutative.`;
      throw new PublishError('missing_package', message, { cause });
    }
  }

  /** Resolves when this node has a publication above the position. Before that an attempt would read the same value. */
  private async arrival(topic: ResolvedTopic, position: Position): Promise<void> {
    const waiting = new AbortController();
    const timer = this.environment.setTimer(() => waiting.abort(), MAX_DELAY_MS);
    try {
      await this.topics.waitForNews(topic, position, waiting.signal);
    } finally {
      timer.cancel();
    }
  }

  private pause(attempt: number): Promise<void> {
    const { environment } = this;
    const most = Math.min(MAX_PAUSE_MS, 2 ** attempt);
    return new Promise((resolve) => environment.setTimer(resolve, environment.random() * most));
  }
}

function changed(
  create: Mutative['create'],
  topic: string,
  value: Json | undefined,
  recipe: (draft: never) => unknown,
): unknown {
  if (typeof value !== 'object' || value === null) {
    const has = value === undefined ? 'has no value yet' : 'is no object and no list';
    throw new PublishError('not_updatable', `"${topic}" ${has}, so there is nothing to change. Use publish().`);
  }
  const [draft, finish] = create(value);
  const result = recipe(draft as never);
  if (isThenable(result)) {
    result.then(undefined, () => undefined);
    const message = `The recipe for "${topic}" is asynchronous. Await first, and change the draft at once.`;
    throw new PublishError('not_updatable', message);
  }
  return finish();
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
