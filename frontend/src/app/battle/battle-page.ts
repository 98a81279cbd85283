import { ChangeDetectionStrategy, Component, effect, inject, input } from '@angular/core';

import { GameStore } from '../game/game-store';
import { BattleView } from './battle-view';

/** The page of one battle. Anybody with its address may watch. */
@Component({
  selector: 'arena-battle-page',
  imports: [BattleView],
  template: `<arena-battle-view [headingLevel]="1" />`,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class BattlePage {
  /** A parameter of the route. */
  readonly battleId = input.required<string>();

  constructor() {
    const store = inject(GameStore);
    effect(() => store.battleId.set(this.battleId()));
    effect(() => store.runId.set(store.battle().value?.runId));
  }
}
