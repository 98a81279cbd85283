import { ChangeDetectionStrategy, Component, input, output } from '@angular/core';
import { BATTLE_SPEEDS, type BattleSpeed, type BattleStatus } from '@statewire/arena';

import { Icon } from '../ui/icon';

/** Buttons for pause, resume and speed. Only the player of the run sees them. */
@Component({
  selector: 'arena-battle-controls',
  imports: [Icon],
  template: `
    @if (status() === 'paused') {
      <button type="button" class="button primary" (click)="resumed.emit()"><arena-icon name="play" />Resume</button>
    } @else {
      <button type="button" class="button" (click)="paused.emit()"><arena-icon name="pause" />Pause</button>
    }
    <div class="segmented" role="group" aria-label="Speed of the battle">
      @for (choice of speeds; track choice) {
        <button type="button" [attr.aria-pressed]="choice === speed()" (click)="speedChosen.emit(choice)">
          {{ choice }}×
        </button>
      }
    </div>
  `,
  styles: `
    :host {
      display: flex;
      flex-wrap: wrap;
      gap: var(--gap-s);
    }
    .button {
      min-width: 6.75rem;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class BattleControls {
  readonly status = input.required<BattleStatus>();
  readonly speed = input.required<BattleSpeed>();
  readonly paused = output();
  readonly resumed = output();
  readonly speedChosen = output<BattleSpeed>();
  protected readonly speeds = BATTLE_SPEEDS;
}
