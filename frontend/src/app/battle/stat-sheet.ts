import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { PartyMember } from '@statewire/arena';

/** The attributes of a fighter with the names that the game uses. */
@Component({
  selector: 'arena-stat-sheet',
  template: `
    <dl>
      @for (row of rows(); track row.label) {
        <div>
          <dt>{{ row.label }}</dt>
          <dd class="figures">{{ row.value }}</dd>
        </div>
      }
    </dl>
  `,
  styles: `
    dl {
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr));
      gap: 0.15rem 1rem;
      font-size: var(--text-xs);
    }
    div {
      display: flex;
      justify-content: space-between;
      gap: 0.5rem;
      border-bottom: 1px dotted var(--line);
    }
    dt {
      color: var(--ink-soft);
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class StatSheet {
  readonly fighter = input.required<PartyMember>();
  protected readonly rows = computed(() => {
    const fighter = this.fighter();
    return [
      { label: 'Attack', value: fighter.atk },
      { label: 'Defense', value: fighter.defense },
      { label: 'Crit rate', value: `${fighter.crit_rate} %` },
      { label: 'Crit damage', value: `${fighter.crit_damage} %` },
      { label: 'Dodge', value: `${fighter.dodge_odds} %` },
      { label: 'Regain', value: `${fighter.regain}/s` },
      { label: 'Vitality', value: `${fighter.vitality} %` },
      { label: 'Damage', value: fighter.damage_type },
    ];
  });
}
