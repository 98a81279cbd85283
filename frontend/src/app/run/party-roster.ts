import { ChangeDetectionStrategy, Component, input } from '@angular/core';
import type { PartyMember } from '@statewire/arena';

import { HealthBar } from '../battle/health-bar';
import { StatSheet } from '../battle/stat-sheet';
import { DamageGlyph } from '../ui/damage-glyph';
import { Portrait } from '../ui/portrait';

/** The party between battles. */
@Component({
  selector: 'arena-party-roster',
  imports: [DamageGlyph, HealthBar, Portrait, StatSheet],
  template: `
    <ul role="list">
      @for (member of party(); track member.name) {
        <li class="card">
          <arena-portrait [kind]="member.kind" side="party" [type]="member.damage_type" [fallen]="member.hp <= 0" />
          <div>
            <h3><arena-damage-glyph [type]="member.damage_type" />{{ member.name }}</h3>
            <p class="figures">
              {{ member.hp }}<span class="soft">/{{ member.max_hp }}</span>
            </p>
            <arena-health-bar [value]="member.hp" [max]="member.max_hp" [label]="'Hit points of ' + member.name" />
            <details>
              <summary>
                Stats<span class="sr-only"> of {{ member.name }}</span>
              </summary>
              <arena-stat-sheet [fighter]="member" />
            </details>
          </div>
        </li>
      }
    </ul>
  `,
  styles: `
    ul {
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr));
      gap: var(--gap-s);
    }
    li {
      display: grid;
      grid-template-columns: 3.4rem minmax(0, 1fr);
      gap: 0.8rem;
      align-items: start;
      padding: 0.7rem 0.8rem 0.4rem;
    }
    div {
      display: grid;
      grid-template-columns: 1fr auto;
      gap: 0.25rem 0.6rem;
      align-items: baseline;
    }
    h3 {
      display: flex;
      align-items: center;
      gap: 0.4rem;
      font-size: 1.02rem;
    }
    p {
      font-size: var(--text-s);
    }
    arena-health-bar,
    details {
      grid-column: 1 / -1;
    }
    details {
      font-size: var(--text-xs);
    }
    summary {
      width: fit-content;
      padding: 0.25rem 0;
      color: var(--ink-soft);
      cursor: pointer;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class PartyRoster {
  readonly party = input.required<readonly PartyMember[]>();
}
