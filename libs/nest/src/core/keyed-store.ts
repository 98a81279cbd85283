import { LRUCache } from 'lru-cache';

import type { Environment } from './environment.js';

/** Bounds the memory that a client with any number of addresses can take: a few MiB. */
const MAX_KEYS = 20_000;

/**
 * Keeps one value per key, such as a user or an address. Drops a value that was not used for `idleMs`. Above `maxKeys`
 * it drops the value that was not used for the longest time.
 */
export class KeyedStore<Value extends object> {
  private readonly cache: LRUCache<string, Value>;
  private purgeAt = 0;

  /** @param options `idleMs` 0: values are kept for any time. */
  constructor(
    private readonly clock: Pick<Environment, 'monotonic'>,
    private readonly options: { readonly idleMs: number; readonly maxKeys?: number },
  ) {
    const { idleMs, maxKeys = MAX_KEYS } = options;
    this.cache = new LRUCache({
      // With `max` the cache would allocate all its places at once.
      maxSize: maxKeys,
      sizeCalculation: () => 1,
      ttl: Math.ceil(idleMs),
      // The default sets a real timer.
      ttlResolution: 0,
      updateAgeOnGet: true,
      // Above 0, because the cache takes an age that starts at 0 for none.
      perf: { now: () => clock.monotonic() + 1 },
    });
  }

  /** Number of values. Drops the idle ones first. */
  get size(): number {
    this.cache.purgeStale();
    return this.cache.size;
  }

  /** @returns the value of the key, which `create` makes if there is none. */
  of(key: string, create: () => Value): Value {
    this.purge();
    const existing = this.cache.get(key);
    if (existing !== undefined) return existing;
    const value = create();
    this.cache.set(key, value);
    return value;
  }

  /** The cache itself drops an idle value only when its key is read. */
  private purge(): void {
    const now = this.clock.monotonic();
    if (now < this.purgeAt) return;
    this.purgeAt = now + this.options.idleMs;
    this.cache.purgeStale();
  }
}
