import { ChangeDetectionStrategy, Component, computed, effect, inject, input, signal, untracked } from '@angular/core';
import type { BattleSnapshot, Hit } from '@statewire/arena';

import { Announcer } from '../shell/announcer';
import { groupBy } from '../ui/group-by';
import { BattleLog } from './battle-log';
import { CombatantCard } from './combatant-card';
import { DamageTable } from './damage-table';
import { HitFeed } from './hit-feed';

const MAX_FLOATING_HITS = 24;
const NO_HITS: readonly Hit[] = [];

/** The two sides of a battle, the hits and the log. All of it is derived from the battle's state. */
@Component({
  selector: 'arena-battle-stage',
  imports: [BattleLog, CombatantCard, DamageTable],
  template: `
    <div class="sides">
      @for (side of sides(); track side.key) {
        <section [class]="'side ' + side.key" [attr.aria-label]="side.title">
          <h2 class="eyebrow">{{ side.title }}</h2>
          <div class="fighters">
            @for (fighter of side.fighters; track fighter.id) {
              <arena-combatant-card
                [fighter]="fighter"
                [side]="side.key"
                [tick]="battle().tick"
                [hits]="floating().get(fighter.id) ?? none"
                (faded)="remove($event)"
              />
            }
          </div>
        </section>
      }
    </div>
    <div class="records">
      <section class="card" aria-labelledby="log-title">
        <h2 id="log-title" class="eyebrow">Log</h2>
        <arena-battle-log [entries]="battle().log" />
      </section>
      <section class="card" aria-labelledby="tally-title">
        <h2 id="tally-title" class="eyebrow">Tally</h2>
        <arena-damage-table [fighters]="everybody()" />
      </section>
    </div>
  `,
  styleUrl: './battle-stage.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class BattleStage {
  readonly battle = input.required<BattleSnapshot>();

  protected readonly none = NO_HITS;
  protected readonly sides = computed(() => [
    { key: 'party' as const, title: 'Party', fighters: this.battle().party },
    { key: 'foe' as const, title: 'Foes', fighters: this.battle().foes },
  ]);
  protected readonly everybody = computed(() => [...this.battle().party, ...this.battle().foes]);
  protected readonly floating = computed(() => groupBy(this.hits(), ({ targetId }) => targetId));

  private readonly announcer = inject(Announcer);
  private readonly feed = new HitFeed();
  private readonly hits = signal<readonly Hit[]>([]);
  private lastAnnounced: number | undefined;

  constructor() {
    effect(() => {
      const battle = this.battle();
      untracked(() => {
        const fresh = this.feed.take(battle);
        if (fresh.length > 0) this.hits.update((shown) => [...shown, ...fresh].slice(-MAX_FLOATING_HITS));
        this.announceTurningPoints(battle);
      });
    });
  }

  protected remove(id: number): void {
    this.hits.update((shown) => shown.filter((hit) => hit.id !== id));
  }

  private announceTurningPoints({ log }: BattleSnapshot): void {
    const last = this.lastAnnounced;
    this.lastAnnounced = log.at(-1)?.id ?? last;
    if (last === undefined) return;
    for (const { id, kind, text } of log) {
      if (id > last && (kind === 'death' || kind === 'end')) this.announcer.say(text);
    }
  }
}
