import type { Environment } from '@statewire/nest';

import type { RedisConnection } from './connection.js';
import { TAGS } from './keys.js';

/** How this node reaches a partition. */
interface Route {
  /** Set while the partition is restored or up. */
  connection: RedisConnection | undefined;
  isUp: boolean;
  /** By the monotonic clock. */
  awayAt: number;
}

/** A call that waits until its partition is up. */
interface Waiting {
  readonly partition: number;
  readonly settle: (isBack: boolean) => void;
}

/** The connection of each partition. */
export class Routes {
  private readonly routes: readonly Route[] = TAGS.map(() => ({ connection: undefined, isUp: false, awayAt: 0 }));
  private readonly waiting = new Set<Waiting>();

  constructor(private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>) {}

  /** Set while the partition is restored or up. */
  connectionOf(partition: number): RedisConnection | undefined {
    return this.routes[partition]!.connection;
  }

  isUp(partition: number): boolean {
    return this.routes[partition]!.isUp;
  }

  /** The partition can be used by those that restore it, but it is not up. */
  isRestoring(partition: number): boolean {
    const { connection, isUp } = this.routes[partition]!;
    return connection !== undefined && !isUp;
  }

  /** The partitions that are up. */
  get up(): readonly number[] {
    return this.routes.flatMap(({ isUp }, partition) => (isUp ? [partition] : []));
  }

  get areAllUp(): boolean {
    return this.routes.every(({ isUp }) => isUp);
  }

  /** The partitions that are restored or up on a connection. */
  on(connection: RedisConnection): readonly number[] {
    return this.routes.flatMap((route, partition) => (route.connection === connection ? [partition] : []));
  }

  restore(partitions: readonly number[], connection: RedisConnection): void {
    for (const partition of partitions) this.routes[partition]!.connection = connection;
  }

  raise(partitions: readonly number[]): void {
    for (const partition of partitions) this.routes[partition]!.isUp = true;
  }

  /** Takes partitions away from a connection. Returns those that it had, and whether one of them was up. */
  drop(partitions: readonly number[], connection: RedisConnection): { dropped: readonly number[]; wasUp: boolean } {
    const dropped = partitions.filter((partition) => this.routes[partition]?.connection === connection);
    const wasUp = dropped.some((partition) => this.isUp(partition));
    for (const partition of dropped) {
      const route = this.routes[partition]!;
      route.connection = undefined;
      if (route.isUp) route.awayAt = this.environment.monotonic();
      route.isUp = false;
    }
    return { dropped, wasUp };
  }

  /** Resolves with true when the partition is up, and with false when it has been away for `forMs`. */
  async isBack(partition: number, forMs: number): Promise<boolean> {
    const { isUp, awayAt } = this.routes[partition]!;
    if (isUp) return true;
    const left = awayAt + forMs - this.environment.monotonic();
    if (left <= 0) return false;
    return new Promise((resolve) => {
      const waiting: Waiting = {
        partition,
        settle: (isBack) => {
          this.waiting.delete(waiting);
          timer.cancel();
          resolve(isBack);
        },
      };
      const timer = this.environment.setTimer(() => waiting.settle(false), left);
      this.waiting.add(waiting);
    });
  }

  /** Ends the waiting of calls for these partitions. */
  wake(partitions: readonly number[], isBack: boolean): void {
    const woken = new Set(partitions);
    for (const { partition, settle } of [...this.waiting]) if (woken.has(partition)) settle(isBack);
  }
}
