import { battle, type BattleSnapshot } from '@statewire/arena';
import type { RealtimeClient, TopicState } from '@statewire/client';
import { filter, firstValueFrom, ReplaySubject } from 'rxjs';

interface Seen {
  readonly epoch: string;
  readonly offset: number;
  readonly value: BattleSnapshot;
}

/** A client that follows a battle, and everything that its page shows. */
export class BattleWatcher {
  /** Each position once, in the order in which the page showed them. */
  readonly seen: Seen[] = [];
  private readonly live = new ReplaySubject<Seen>(1);

  constructor(
    readonly client: RealtimeClient,
    battleId: string,
  ) {
    client.topic(battle.with({ battleId })).subscribe((state) => this.note(state));
  }

  /** Resolves with the first live value that `accepts` returns true for, from now on. */
  async sees(accepts: (value: BattleSnapshot) => boolean): Promise<BattleSnapshot> {
    return (await firstValueFrom(this.live.pipe(filter(({ value }) => accepts(value))))).value;
  }

  /** Resolves when the page shows `ticks` more ticks of the battle as live. */
  async advances(ticks = 5): Promise<void> {
    const from = this.seen.at(-1)?.value.tick ?? 0;
    await this.sees(({ tick }) => tick >= from + ticks);
  }

  private note({ confirmed, position, freshness }: TopicState<BattleSnapshot>): void {
    if (confirmed === undefined || position === undefined) return;
    const last = this.seen.at(-1);
    const seen = { ...position, value: confirmed };
    if (last?.epoch !== position.epoch || last.offset !== position.offset) this.seen.push(seen);
    if (freshness.state === 'live') this.live.next(seen);
  }
}

/** The ways in which a watcher saw the battle go back, see a position twice, or see another value than others there. */
export function contradictions(watchers: readonly BattleWatcher[]): string[] {
  const found: string[] = [];
  const values = new Map<string, string>();
  for (const { seen } of watchers) {
    for (const [index, { epoch, offset, value }] of seen.entries()) {
      const before = seen[index - 1];
      if (before?.epoch === epoch && before.offset >= offset) found.push(`offset ${offset} after ${before.offset}`);
      if (before !== undefined && before.value.tick > value.tick) {
        found.push(`tick ${value.tick} after ${before.value.tick}`);
      }
      const text = JSON.stringify(sorted(value));
      const place = `${epoch}:${offset}`;
      if ((values.get(place) ?? text) !== text) found.push(`two values at ${place}`);
      values.set(place, text);
    }
  }
  return found;
}

/** A patch may put the keys of an object into another order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
