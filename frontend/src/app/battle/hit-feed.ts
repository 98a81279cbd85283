import type { BattleSnapshot, Hit } from '@statewire/arena';

/** Age in ticks above which the page no longer shows a hit, for example after polling. */
const MAX_HIT_AGE_TICKS = 25;

/**
 * Picks the hits of a battle that the page has not shown yet. Hits that the page missed, because it has just opened or was
 * hidden, appear in the log only.
 */
export class HitFeed {
  private battleId: string | undefined;
  private lastId = 0;

  take({ battleId, tick, hits }: Pick<BattleSnapshot, 'battleId' | 'tick' | 'hits'>): readonly Hit[] {
    const newest = hits.at(-1)?.id ?? 0;
    const continues = battleId === this.battleId && newest >= this.lastId;
    const fresh = continues ? hits.filter((hit) => hit.id > this.lastId && tick - hit.tick <= MAX_HIT_AGE_TICKS) : [];
    this.battleId = battleId;
    this.lastId = newest;
    return fresh;
  }
}
