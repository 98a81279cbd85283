import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { Combatant } from '@statewire/arena';

/** The damage that each fighter has done so far. */
@Component({
  selector: 'arena-damage-table',
  template: `
    <table>
      <caption class="sr-only">
        Damage dealt and taken, healing and kills
      </caption>
      <thead>
        <tr>
          <th scope="col">Fighter</th>
          <th scope="col">Dealt</th>
          <th scope="col">Taken</th>
          <th scope="col">Healed</th>
          <th scope="col">Kills</th>
        </tr>
      </thead>
      <tbody>
        @for (row of rows(); track row.id) {
          <tr [class]="'damage-' + row.damage_type" [style.--share.%]="row.share">
            <th scope="row">{{ row.name }}</th>
            <td class="figures">{{ row.damage_dealt }}</td>
            <td class="figures">{{ row.damage_taken }}</td>
            <td class="figures">{{ row.healing_done }}</td>
            <td class="figures">{{ row.kills }}</td>
          </tr>
        }
      </tbody>
    </table>
  `,
  styles: `
    table {
      width: 100%;
      border-collapse: collapse;
      font-size: var(--text-s);
    }
    th,
    td {
      padding: 0.28rem 0.4rem;
      text-align: right;
    }
    th:first-child {
      text-align: left;
    }
    thead th {
      color: var(--ink-soft);
      font-size: var(--text-xs);
      font-weight: 600;
    }
    tbody th {
      font-weight: 600;
    }
    tbody tr {
      border-top: 1px dotted var(--line);
      background: linear-gradient(
        90deg,
        color-mix(in oklab, var(--damage) 20%, transparent) var(--share),
        transparent var(--share)
      );
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class DamageTable {
  readonly fighters = input.required<readonly Combatant[]>();
  protected readonly rows = computed(() => {
    const fighters = this.fighters();
    const most = Math.max(1, ...fighters.map(({ damage_dealt }) => damage_dealt));
    return fighters.map((fighter) => ({ ...fighter, share: (100 * fighter.damage_dealt) / most }));
  });
}
