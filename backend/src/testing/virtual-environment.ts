import { Random } from '../battle/random.js';
import type { Environment } from '../environment.js';

interface Due {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that moves when told, seeded randomness and counted ids. */
export class VirtualEnvironment implements Environment {
  readonly #random: Random;
  readonly #timers = new Set<Due>();
  #time = 1_700_000_000_000;
  #ids = 0;

  constructor(seed = 1) {
    this.#random = new Random(seed);
  }

  now = (): number => this.#time;
  monotonic = (): number => this.#time;
  random = (): number => this.#random.next() / 2 ** 32;
  id = (): string => `id${String(++this.#ids).padStart(20, '0')}`.slice(-12);

  setTimer = (callback: () => void, delay: number): { cancel(): void } => {
    const due = { at: this.#time + delay, callback };
    this.#timers.add(due);
    return { cancel: () => void this.#timers.delete(due) };
  };

  get timers(): number {
    return this.#timers.size;
  }

  /** Moves the clock and runs what is due on the way, in order. */
  advance(duration: number): void {
    const end = this.#time + duration;
    for (let next = this.#earliest(end); next; next = this.#earliest(end)) {
      this.#timers.delete(next);
      this.#time = Math.max(this.#time, next.at);
      next.callback();
    }
    this.#time = end;
  }

  /** Moves the clock and runs nothing: a process that is stalled or asleep. */
  sleep(duration: number): void {
    this.#time += duration;
  }

  #earliest(end: number): Due | undefined {
    return [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}
