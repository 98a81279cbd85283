import { ChangeDetectionStrategy, Component, computed, input, output, signal } from '@angular/core';
import type { Combatant, Foe, Hit } from '@statewire/arena';

import { DamageGlyph } from '../ui/damage-glyph';
import { Icon } from '../ui/icon';
import { Portrait } from '../ui/portrait';
import { EffectChips } from './effect-chips';
import { FloatingHits } from './floating-hits';
import { HealthBar } from './health-bar';
import { readiness } from './readiness';
import { ReadinessRing } from './readiness-ring';
import { StatSheet } from './stat-sheet';

/** One fighter of a battle. */
@Component({
  selector: 'arena-combatant-card',
  imports: [DamageGlyph, EffectChips, FloatingHits, HealthBar, Icon, Portrait, ReadinessRing, StatSheet],
  templateUrl: './combatant-card.html',
  styleUrl: './combatant-card.css',
  host: {
    '[class]': '"damage-" + fighter().damage_type',
    '[class.foe]': 'side() === "foe"',
    '[class.boss]': 'boss()',
    '[class.fallen]': 'fallen()',
    '[attr.data-combatant]': 'fighter().id',
    '[attr.data-hp]': 'fighter().hp',
    '[attr.data-damage-dealt]': 'fighter().damage_dealt',
  },
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class CombatantCard {
  readonly fighter = input.required<Combatant | Foe>();
  readonly tick = input.required<number>();
  readonly side = input.required<'party' | 'foe'>();
  readonly hits = input<readonly Hit[]>([]);
  readonly faded = output<number>();

  protected readonly isOpen = signal(false);
  protected readonly boss = computed(() => {
    const fighter = this.fighter();
    return 'rank' in fighter && fighter.rank === 'boss';
  });
  protected readonly fallen = computed(() => this.fighter().hp <= 0);
  protected readonly ready = computed(() => readiness(this.fighter(), this.tick()));
  protected readonly struck = computed(() => this.hits().some(({ kind }) => kind === 'damage' || kind === 'critical'));
  protected readonly pips = computed(() => {
    const { action_points: points, max_action_points: max } = this.fighter();
    return Array.from({ length: max }, (_, index) => index < points);
  });

  protected toggle(): void {
    this.isOpen.update((open) => !open);
  }
}
