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
      expect="The page opens no socket until you restore it. It polls within a second."
      [on]="chaos.severed()"
      (toggled)="chaos.setSevered($event)"
    />
    <arena-chaos-button
      icon="drop"
      label="Drop it once"
      expect="The socket breaks without a goodbye. The page opens a new one at once."
      (pressed)="chaos.drop()"
    />
    <arena-chaos-switch
      icon="hole"
      label="Black hole"
      expect="The socket stays open and says nothing. The page polls within about a second."
      [on]="chaos.blackHole()"
      (toggled)="chaos.setBlackHole($event)"
    />
    <arena-chaos-switch
      icon="refuse"
      label="Refuse sockets here"
      expect="As behind a strict proxy: this page polls as long as this is on."
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
        expect="Every page polls until the server allows sockets again."
        [on]="chaos.forbidden()"
        (toggled)="chaos.setForbidden($event)"
      />
      @if (hasSession()) {
        <arena-chaos-button
          icon="key"
          label="Expire my token"
          expect="Your session token ends in 3 seconds. The page gets a new one, and nothing stops."
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
  protected readonly slowText = `Everything takes ${SLOW_DELAY_MS} ms longer in each direction. Nothing is lost.`;
  private readonly store = inject(GameStore);
  protected readonly hasSession = computed(() => this.store.player() !== undefined);

  /** The button is never `disabled`, because a click would then take the focus away from it. */
  protected async repair(): Promise<void> {
    if (!this.chaos.isCalm()) await this.chaos.calm();
  }
}
