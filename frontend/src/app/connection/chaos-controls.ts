import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';

import { GameStore } from '../game/game-store';
import { Icon } from '../ui/icon';
import { ChaosButton } from './chaos-button';
import { ChaosSwitch } from './chaos-switch';
import { Chaos, SLOW_DELAY_MS } from './chaos.service';

/** The switches that break the connection, each with a description of the effect, and a button that repairs everything. */
@Component({
  selector: 'arena-chaos-controls',
  imports: [ChaosButton, ChaosSwitch, Icon],
  template: `
    <arena-chaos-switch
      icon="cut"
      label="Cut the socket"
      expect="None can be opened until you restore it: polling within a second."
      [on]="chaos.severed()"
      (toggled)="chaos.setSevered($event)"
    />
    <arena-chaos-button
      icon="drop"
      label="Drop it once"
      expect="Gone without a goodbye; a new one opens at once."
      (pressed)="chaos.drop()"
    />
    <arena-chaos-switch
      icon="hole"
      label="Black hole"
      expect="It stays open and says nothing: polling within about a second."
      [on]="chaos.blackHole()"
      (toggled)="chaos.setBlackHole($event)"
    />
    <arena-chaos-switch
      icon="refuse"
      label="Refuse sockets here"
      expect="As behind a strict policy: polling at once, as long as this is on."
      [on]="chaos.refused()"
      (toggled)="chaos.setRefused($event)"
    />
    <arena-chaos-switch
      icon="slow"
      label="Slow network"
      [expect]="slowText"
      [on]="chaos.slow()"
      (toggled)="chaos.setSlow($event)"
    />
    @if (chaos.hasServer()) {
      <arena-chaos-switch
        icon="server"
        label="Forbid on the server"
        expect="Every page polls, and comes back when it is allowed again."
        [on]="chaos.forbidden()"
        (toggled)="chaos.setForbidden($event)"
      />
      @if (hasSession()) {
        <arena-chaos-button
          icon="key"
          label="Expire my token"
          expect="It ends in 3 seconds; a new one is fetched, nothing stops."
          (pressed)="chaos.expireToken()"
        />
      }
    }
    <button type="button" class="button" [attr.aria-disabled]="chaos.isCalm()" (click)="repair()">
      <arena-icon name="undo" />Repair everything
    </button>
  `,
  styles: `
    :host {
      display: grid;
      gap: 0.6rem;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ChaosControls {
  protected readonly chaos = inject(Chaos);
  protected readonly slowText = `Everything takes ${SLOW_DELAY_MS} ms longer each way, frames, requests and answers alike; nothing is lost.`;
  private readonly store = inject(GameStore);
  protected readonly hasSession = computed(() => this.store.player() !== undefined);

  /** The button is never `disabled`, because a click would then take the focus away from it. */
  protected async repair(): Promise<void> {
    if (!this.chaos.isCalm()) await this.chaos.calm();
  }
}
