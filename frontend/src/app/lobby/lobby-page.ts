import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';

import { GameStore } from '../game/game-store';
import { Icon } from '../ui/icon';
import { LiveFrame } from '../ui/live-frame';
import { BattleTile } from './battle-tile';
import { RunTile } from './run-tile';
import { StartRun } from './start-run';

/** What can be watched now, and the way into a run of one's own. */
@Component({
  selector: 'arena-lobby-page',
  imports: [BattleTile, Icon, LiveFrame, RouterLink, RunTile, StartRun],
  templateUrl: './lobby-page.html',
  styleUrl: './lobby-page.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class LobbyPage {
  protected readonly store = inject(GameStore);
  protected readonly battles = computed(() => this.store.lobby().value?.battles ?? []);
  protected readonly runs = computed(() => this.store.lobby().value?.runs ?? []);
  protected readonly ownRun = computed(() =>
    this.runs().find(({ runId, phase }) => runId === this.store.ownRunId() && phase !== 'finished'),
  );

  constructor() {
    this.store.battleId.set(undefined);
    this.store.runId.set(undefined);
  }
}
