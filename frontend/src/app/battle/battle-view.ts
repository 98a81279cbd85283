import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { BattleSpeed } from '@statewire/arena';

import { Commands } from '../game/commands';
import { GameStore } from '../game/game-store';
import { Icon } from '../ui/icon';
import { LiveFrame } from '../ui/live-frame';
import { battleClock } from './battle-clock';
import { BattleControls } from './battle-controls';
import { BattleStage } from './battle-stage';
import { battleStatusWords } from './battle-words';
import { Spectators } from './spectators';

/** The battle that the store follows: its title, the controls for its player, the stage, and the result. */
@Component({
  selector: 'arena-battle-view',
  imports: [BattleControls, BattleStage, Icon, LiveFrame, RouterLink, Spectators],
  templateUrl: './battle-view.html',
  styleUrl: './battle-view.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class BattleView {
  /** 1 on the page of a battle, 2 inside the page of a run. */
  readonly headingLevel = input<1 | 2>(2);

  protected readonly store = inject(GameStore);
  private readonly commands = inject(Commands);

  protected readonly battle = computed(() => this.store.battle().value);
  protected readonly clock = computed(() => battleClock(this.battle()?.tick ?? 0));
  protected readonly words = computed(() => battleStatusWords(this.battle()?.status ?? 'running'));
  protected readonly isDecided = computed(() => {
    const status = this.battle()?.status;
    return status === 'won' || status === 'lost';
  });
  protected readonly isOwn = computed(() => {
    const run = this.store.run().value;
    return run !== undefined && run.player.playerId === this.store.player()?.playerId;
  });

  protected pause(battleId: string): void {
    void this.commands.pause(battleId);
  }

  protected resume(battleId: string): void {
    void this.commands.resume(battleId);
  }

  protected setSpeed(battleId: string, speed: BattleSpeed): void {
    void this.commands.setSpeed(battleId, speed);
  }
}
