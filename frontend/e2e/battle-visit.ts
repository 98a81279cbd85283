import { expect } from '@jest/globals';
import type { Browser } from 'playwright-core';

import { Player, type Arena } from './arena.js';
import { ArenaPage } from './page.js';
import { Witness } from './witness.js';

/** Number of samples to compare with the server before a test believes a page. */
const MIN_COMPARED_SAMPLES = 5;

/** A page that shows a running battle, and snapshots of this battle over HTTP to compare it with. */
export class BattleVisit {
  private constructor(
    readonly visitor: ArenaPage,
    private readonly witness: Witness,
  ) {}

  /** Starts a battle and opens it in a browser. Resolves when the page shows its changes over a WebSocket. */
  static async start(arena: Arena, browser: Browser): Promise<BattleVisit> {
    const { battleId } = await (await Player.join(arena.url, 'Ada')).startBattle();
    const visitor = await ArenaPage.open(browser, `${arena.url}/battles/${battleId}`);
    await visitor.connection('live');
    await visitor.moves();
    return new BattleVisit(visitor, new Witness(arena.url, battleId));
  }

  /** Checks that the page showed no wrong number, never went back in time, and showed no old value as live. */
  async expectTruth(): Promise<void> {
    let samples = await this.visitor.samples();
    while (this.witness.compare(samples).compared < MIN_COMPARED_SAMPLES) {
      await this.visitor.moves();
      samples = await this.visitor.samples();
    }
    expect(this.witness.compare(samples).wrong).toEqual([]);
    const offsets = samples.map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.toSorted((one, other) => one - other));
    const oldButLive = samples.filter(
      ({ connection, freshness }) => freshness === 'live' && connection !== 'live' && connection !== 'polling',
    );
    expect(oldButLive).toEqual([]);
  }

  async end(): Promise<void> {
    await this.witness.leave();
    await this.visitor.close();
  }
}
