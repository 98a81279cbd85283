import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { LobbyBattle } from '@statewire/arena';

import { battleStatusWords } from '../battle/battle-words';
import { HealthBar } from '../battle/health-bar';
import { Icon } from '../ui/icon';

/** A battle in the lobby: its title, its status, and the health of both sides. Its link is named by this text. */
@Component({
  selector: 'arena-battle-tile',
  imports: [HealthBar, Icon, RouterLink],
  template: `
    <a class="card" [routerLink]="['/battles', battle().battleId]" [class.decided]="isDecided()">
      <header>
        <arena-icon [name]="battle().room === 'boss' ? 'crown' : 'sword'" />
        <h3>{{ battle().title }}</h3>
        <span class="status" [class]="battle().status">{{ words() }}</span>
      </header>
      <div class="bars">
        <span>{{ battle().player.name }}</span>
        <arena-health-bar aria-hidden="true" [value]="battle().partyHealth" [max]="100" label="Health of the party" />
        <span class="figures">{{ battle().partyHealth }} %</span>
        <span>Foes</span>
        <arena-health-bar
          class="foes"
          aria-hidden="true"
          [value]="battle().foesHealth"
          [max]="100"
          label="Health of the foes"
        />
        <span class="figures">{{ battle().foesHealth }} %</span>
      </div>
    </a>
  `,
  styles: `
    :host,
    a {
      display: block;
      height: 100%;
    }
    a {
      padding: 0.9rem 1rem;
      text-decoration: none;
      transition:
        border-color var(--quick),
        translate var(--quick);
    }
    a:hover {
      border-color: var(--line-strong);
      translate: 0 -2px;
    }
    header {
      display: flex;
      align-items: center;
      gap: 0.6rem;
      margin-bottom: 0.7rem;
    }
    header arena-icon {
      color: var(--ink-soft);
    }
    h3 {
      flex: 1;
      font-size: 1.06rem;
    }
    .status {
      font-size: var(--text-xs);
      font-weight: 650;
    }
    .running {
      color: var(--live);
    }
    .paused {
      color: var(--polling);
    }
    .lost {
      color: var(--broken);
    }
    .bars {
      display: grid;
      grid-template-columns: minmax(0, 6.5rem) 1fr 3rem;
      gap: 0.3rem 0.7rem;
      align-items: center;
      font-size: var(--text-xs);
    }
    .bars > :nth-child(3n + 1) {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .bars > :nth-child(3n) {
      text-align: right;
    }
    .foes {
      --health: var(--health-low);
    }
    .decided {
      background: transparent;
      border-style: dashed;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class BattleTile {
  readonly battle = input.required<LobbyBattle>();
  protected readonly words = computed(() => battleStatusWords(this.battle().status));
  protected readonly isDecided = computed(() => this.battle().status === 'won' || this.battle().status === 'lost');
}
