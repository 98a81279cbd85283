import { isDeepStrictEqual } from 'node:util';

import type { Position } from '@statewire/protocol';

/** What is true at each position of each topic: what was said of it first, by the server or by whoever saw it. */
export class Ledger {
  readonly #truth = new Map<string, unknown>();

  /** False where something else was said before. */
  agrees(topic: string, { epoch, offset }: Position, data: unknown): boolean {
    const key = `${topic} ${epoch}:${offset}`;
    if (!this.#truth.has(key)) this.#truth.set(key, data);
    return isDeepStrictEqual(this.#truth.get(key), data);
  }
}
