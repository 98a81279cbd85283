import { appendFileSync } from 'node:fs';

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { RealtimeBus } from '@statewire/nest';
import type { Position } from '@statewire/protocol';

import { field, fieldAt, HEAVY, log, type Work } from './contract.js';

export interface WorldOptions {
  /** Number of topics of each kind. Their names are `0`, `1`, … */
  readonly topics: number;
  /** Milliseconds between two publications of a topic; 0: none, but the first. */
  readonly period: number;
  /** File that gets a line for each completed piece of work. */
  readonly workFile?: string;
  /** Whether the heavy field changes too. */
  readonly heavy?: boolean;
  /** Called for each publication. */
  readonly onPublished?: (topic: string, position: Position, data: unknown) => void;
}

export const WORLD_OPTIONS = Symbol('world options');

/** The state and the publications of the server. */
@Injectable()
export class World implements OnApplicationShutdown {
  /** The position of each topic. */
  readonly tops = new Map<string, Position>();
  /** The number of runs of each piece of work. */
  readonly done = new Map<string, number>();
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];

  constructor(
    private readonly bus: RealtimeBus,
    @Inject(WORLD_OPTIONS) private readonly options: WorldOptions,
  ) {}

  async begin(): Promise<void> {
    await this.publish();
    this.startPublishing();
  }

  /** Publishes each topic in every period. */
  startPublishing(): void {
    this.stopPublishing();
    if (this.options.period > 0) this.#timer = setInterval(() => void this.publish(), this.options.period);
  }

  /** Stops all automatic publications. */
  stopPublishing(): void {
    clearInterval(this.#timer);
  }

  /** One publication of each topic. */
  async publish(): Promise<void> {
    const tick = (this.#tick += 1);
    const { bus } = this;
    const publications: Promise<void>[] = [];
    const ids = Array.from({ length: this.options.topics }, (_, topic) => String(topic));
    for (const id of this.options.heavy ? [HEAVY, ...ids] : ids) {
      const [value, entry] = [fieldAt(id, tick), { id, tick }];
      const [state, events] = [field.with({ id }), log.with({ id })];
      publications.push(
        bus.publish(state, value).then((position) => this.#published(state.name, position, value)),
        bus.publish(events, entry).then((position) => this.#published(events.name, position, entry)),
      );
    }
    await Promise.all(publications);
  }

  /** Pieces of work that wait for `release`. */
  get waiting(): number {
    return this.#waiting.length;
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async work({ key, takes = 0, waits = false }: Work): Promise<string> {
    if (waits) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (takes > 0) await new Promise((resolve) => setTimeout(resolve, takes));
    this.done.set(key, (this.done.get(key) ?? 0) + 1);
    if (this.options.workFile !== undefined) appendFileSync(this.options.workFile, `${key}\n`);
    return key;
  }

  onApplicationShutdown(): void {
    this.stopPublishing();
  }

  #published(topic: string, position: Position, data: unknown): void {
    this.tops.set(topic, position);
    this.options.onPublished?.(topic, position, data);
  }
}
