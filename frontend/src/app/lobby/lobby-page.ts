import { ChangeDetectionStrategy, Component, computed, effect, inject, untracked } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { LobbyBattle } from '@statewire/arena';

import { GameStore } from '../game/game-store';
import { Icon } from '../ui/icon';
import { LiveFrame } from '../ui/live-frame';
import { BattleTile } from './battle-tile';
import { FeaturedBattle } from './featured-battle';
import { RunTile } from './run-tile';
import { StartRun } from './start-run';

/** The battles and runs that can be watched now, and the form that starts a run. */
@Component({
  selector: 'arena-lobby-page',
  imports: [BattleTile, FeaturedBattle, Icon, LiveFrame, RouterLink, RunTile, StartRun],
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
  /** Whether there is a battle to feature. Before the lobby is known its place stays free, so that nothing moves later. */
  protected readonly hasFeatured = computed(() => {
    const isAwaited = this.store.lobby().value === undefined && this.store.status().state !== 'denied';
    return isAwaited || this.store.battleId() !== undefined;
  });

  constructor() {
    this.store.battleId.set(undefined);
    this.store.runId.set(undefined);
    effect(() => {
      const battles = this.battles();
      untracked(() => this.feature(battles));
    });
  }

  /** Stays with a battle while it runs. Then chooses the running battle whose foes have the most health. */
  private feature(battles: readonly LobbyBattle[]): void {
    const current = this.store.battleId();
    if (battles.some(({ battleId, status }) => battleId === current && status === 'running')) return;
    const running = battles.filter(({ status }) => status === 'running');
    const [best] = running.toSorted((one, other) => other.foesHealth - one.foesHealth);
    this.store.battleId.set((best ?? battles[0])?.battleId);
  }
}
