import type { Json } from '@statewire/protocol';

import { BrokerError, type Lease, type Release } from '../../core/broker.js';
import type { Environment } from '../../core/environment.js';

type Answer = (message: Json) => Promise<Json>;

interface HeldLease {
  readonly lose: () => void;
}

/** The leases of a process, and the functions that answer requests to their holders. */
export class MemoryLeases {
  private readonly held = new Map<string, HeldLease>();
  /** Callers that wait for a lease, in the order of their calls. */
  private readonly waiting = new Map<string, Set<(lease: Lease | undefined) => void>>();
  private readonly answers = new Map<string, Answer>();
  private lastToken = 0;

  /** @param onChange called with the token of the new holder of a lease; undefined: the lease is free. */
  constructor(
    private readonly environment: Pick<Environment, 'now'>,
    private readonly onChange: (name: string, token: number | undefined) => void,
  ) {}

  get size(): number {
    return this.held.size + this.waiting.size + this.answers.size;
  }

  /** Returns the lease if it is free. With a signal, waits for it. */
  async lease(name: string, signal?: AbortSignal): Promise<Lease | undefined> {
    if (signal?.aborted) return undefined;
    if (!this.held.has(name)) return this.grant(name);
    if (signal === undefined) return undefined;
    const waiting = this.waiting.get(name) ?? new Set();
    this.waiting.set(name, waiting);
    return new Promise((resolve) => {
      const finish = (lease: Lease | undefined): void => {
        signal.removeEventListener('abort', onAbort);
        waiting.delete(finish);
        if (waiting.size === 0 && this.waiting.get(name) === waiting) this.waiting.delete(name);
        resolve(lease);
      };
      const onAbort = (): void => finish(undefined);
      waiting.add(finish);
      signal.addEventListener('abort', onAbort);
    });
  }

  async request(name: string, message: Json): Promise<Json | undefined> {
    const answer = this.held.has(name) ? this.answers.get(name) : undefined;
    if (answer === undefined) return undefined;
    try {
      return await answer(message);
    } catch (cause) {
      throw new BrokerError('no_answer', `The holder of the lease "${name}" failed to answer.`, { cause });
    }
  }

  onRequest(name: string, answer: Answer): Release {
    this.answers.set(name, answer);
    return async () => {
      if (this.answers.get(name) === answer) this.answers.delete(name);
    };
  }

  dispose(): void {
    for (const { lose } of this.held.values()) lose();
    this.held.clear();
    for (const waiting of this.waiting.values()) for (const finish of waiting) finish(undefined);
    this.answers.clear();
  }

  private grant(name: string): Lease {
    // Microseconds of the clock, so that the tokens of a later process are higher.
    const token = (this.lastToken = Math.max(this.lastToken + 1, Math.floor(this.environment.now() * 1_000)));
    let lose!: () => void;
    const lost = new Promise<void>((resolve) => (lose = resolve));
    const held: HeldLease = { lose };
    this.held.set(name, held);
    this.onChange(name, token);
    const release = async (): Promise<void> => {
      if (this.held.get(name) !== held) return;
      this.held.delete(name);
      this.onChange(name, undefined);
      for (const finish of this.waiting.get(name) ?? []) return finish(this.grant(name));
    };
    return { name, token, lost, release };
  }
}
