import type { BattleSnapshot, Hit } from '@statewire/arena';

/** Hits older than this many ticks are not shown any more, for example after the page was polling. */
const FRESH_TICKS = 25;

/**
 * Picks the hits of a battle that were not shown yet. What a page has missed (it has just opened, or it was away) is
 * history: it belongs into the log and not over the fighters' heads.
 */
export class HitFeed {
  private battleId: string | undefined;
  private lastId = 0;

  take({ battleId, tick, hits }: Pick<BattleSnapshot, 'battleId' | 'tick' | 'hits'>): readonly Hit[] {
    const newest = hits.at(-1)?.id ?? 0;
    const continues = battleId === this.battleId && newest >= this.lastId;
    const fresh = continues ? hits.filter((hit) => hit.id > this.lastId && tick - hit.tick <= FRESH_TICKS) : [];
    this.battleId = battleId;
    this.lastId = newest;
    return fresh;
  }
}
