import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { injectTopic } from '@statewire/angular';
import { spectators } from '@statewire/arena';

import { GameStore } from '../game/game-store';
import { Icon } from '../ui/icon';
import { watchersOf } from './watchers';

const MAX_FACES = 4;

/** The number of spectators of a battle, and their names on request. Screen readers do not announce its frequent changes. */
@Component({
  selector: 'arena-spectators',
  imports: [Icon],
  templateUrl: './spectators.html',
  styleUrl: './spectators.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Spectators {
  readonly battleId = input.required<string>();

  private readonly store = inject(GameStore);
  private readonly presence = injectTopic(() => spectators.with({ battleId: this.battleId() }));

  protected readonly watchers = computed(() => {
    if (!this.presence.hasValue()) return undefined;
    const watchers = watchersOf(this.presence.value(), this.store.player()?.playerId);
    return watchers.count > 0 ? watchers : undefined;
  });
  protected readonly isStale = computed(() => this.presence.freshness()?.state !== 'live');
  protected readonly faces = computed(() => this.watchers()?.named.slice(0, MAX_FACES) ?? []);
}
