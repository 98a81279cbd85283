import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { BattleSnapshot, Combatant } from '@statewire/arena';

import { battleClock } from '../battle/battle-clock';
import { HealthBar } from '../battle/health-bar';
import { readiness } from '../battle/readiness';
import { ReadinessRing } from '../battle/readiness-ring';
import { Icon } from '../ui/icon';
import { Portrait } from '../ui/portrait';

/** A small view of one live battle, for visitors of the lobby. */
@Component({
  selector: 'arena-featured-battle',
  imports: [HealthBar, Icon, Portrait, ReadinessRing, RouterLink],
  templateUrl: './featured-battle.html',
  styleUrl: './featured-battle.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class FeaturedBattle {
  readonly battle = input.required<BattleSnapshot>();

  protected readonly clock = computed(() => battleClock(this.battle().tick));
  protected readonly sides = computed(() => {
    const { party, foes, tick } = this.battle();
    const ready = (fighter: Combatant) => ({ fighter, ready: readiness(fighter, tick) });
    return {
      party: party.map((fighter) => ({ ...ready(fighter), boss: false })),
      foe: foes.map((fighter) => ({ ...ready(fighter), boss: fighter.rank === 'boss' })),
    };
  });
  protected readonly lastLine = computed(() => this.battle().log.at(-1)?.text ?? '');
  protected readonly keys = ['party', 'foe'] as const;
}
