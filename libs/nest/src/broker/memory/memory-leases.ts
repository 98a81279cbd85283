import type { Json } from '@statewire/protocol';

import { BrokerError, type Lease, type Release } from '../../core/broker.js';

type Answer = (message: Json) => Promise<Json>;

interface HeldLease {
  readonly lose: () => void;
}

/** The leases of a process, and the functions that answer requests to their holders. */
export class MemoryLeases {
  private readonly held = new Map<string, HeldLease>();
  private readonly answers = new Map<string, Answer>();

  get size(): number {
    return this.held.size + this.answers.size;
  }

  lease(name: string): Lease | undefined {
    if (this.held.has(name)) return undefined;
    let lose!: () => void;
    const lost = new Promise<void>((resolve) => (lose = resolve));
    const held: HeldLease = { lose };
    this.held.set(name, held);
    const release = async (): Promise<void> => {
      if (this.held.get(name) === held) this.held.delete(name);
    };
    return { name, lost, release };
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
    this.answers.clear();
  }
}
