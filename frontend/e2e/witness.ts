import type { BattleSnapshot } from '@statewire/arena';
import { setTimeout as sleep } from 'node:timers/promises';

import { snapshot } from './arena.js';
import type { BattleSample } from './page.js';

/** The server allows 20 requests per second. This pause stays below, and still meets most positions of a battle. */
const SNAPSHOT_PAUSE_MS = 90;

/**
 * Requests snapshots of a battle over HTTP again and again. So it knows for almost every position what a page must have
 * shown.
 */
export class Witness {
  private readonly known = new Map<string, BattleSnapshot>();
  private readonly stopped = new AbortController();
  private readonly looking: Promise<void>;

  /** @param options `survivesFaults`: a request may fail while the test breaks a server. */
  constructor(url: string, battleId: string, { survivesFaults = false } = {}) {
    this.looking = this.look(url, `battles/${battleId}`, survivesFaults);
  }

  /** Compares samples of a page with the snapshots. @returns the number of compared samples, and the wrong ones. */
  compare(samples: readonly BattleSample[]): { readonly compared: number; readonly wrong: readonly BattleSample[] } {
    const comparable = samples.filter(({ epoch, offset }) => this.known.has(`${epoch}:${offset}`));
    const wrong = comparable.filter((sample) => {
      const battle = this.known.get(`${sample.epoch}:${sample.offset}`);
      const fighters = [...(battle?.party ?? []), ...(battle?.foes ?? [])];
      return battle?.tick !== sample.tick || fighters.some(({ id, hp }) => sample.health[id] !== hp);
    });
    return { compared: comparable.length, wrong };
  }

  async leave(): Promise<void> {
    this.stopped.abort();
    await this.looking;
  }

  private async look(url: string, topic: string, survivesFaults: boolean): Promise<void> {
    while (!this.stopped.signal.aborted) {
      try {
        const { epoch, offset, data } = await snapshot(url, topic);
        this.known.set(`${epoch}:${offset}`, data as unknown as BattleSnapshot);
      } catch (error) {
        if (!survivesFaults) throw error;
      }
      await sleep(SNAPSHOT_PAUSE_MS);
    }
  }
}
