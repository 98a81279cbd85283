import { isDeepStrictEqual } from 'node:util';

import type { Position } from '@statewire/protocol';

/** Records the first seen value at each position of each topic, from the server or from a client. */
export class Ledger {
  readonly #truth = new Map<string, unknown>();

  /** Returns false if another value was recorded before. */
  agrees(topic: string, { epoch, offset }: Position, data: unknown): boolean {
    const key = `${topic} ${epoch}:${offset}`;
    if (!this.#truth.has(key)) this.#truth.set(key, data);
    return isDeepStrictEqual(this.#truth.get(key), data);
  }
}
