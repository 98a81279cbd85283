import type { BattleSnapshot } from '@statewire/arena';
import { setTimeout as sleep } from 'node:timers/promises';

import { snapshot } from './arena.js';
import type { BattleSample } from './page.js';

/** Below the 20 requests a second that the server allows, and often enough to meet most positions of a battle. */
const LOOK_EVERY = 90;

/**
 * Asks the server for its snapshots of a battle over plain HTTP, again and again, and so knows what every page must
 * have shown at (nearly) every position.
 */
export class Witness {
  private readonly known = new Map<string, BattleSnapshot>();
  private readonly stopped = new AbortController();
  private readonly looking: Promise<void>;

  constructor(url: string, battleId: string) {
    this.looking = this.look(url, `battles/${battleId}`);
  }

  /** How many samples could be compared, and which of them were wrong. */
  judge(samples: readonly BattleSample[]): { readonly compared: number; readonly wrong: readonly BattleSample[] } {
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

  private async look(url: string, topic: string): Promise<void> {
    while (!this.stopped.signal.aborted) {
      const { epoch, offset, data } = await snapshot(url, topic);
      this.known.set(`${epoch}:${offset}`, data as unknown as BattleSnapshot);
      await sleep(LOOK_EVERY);
    }
  }
}
