import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';

import { GameStore } from '../game/game-store';
import { Icon } from '../ui/icon';
import { ChaosButton } from './chaos-button';
import { ChaosSwitch } from './chaos-switch';
import { Chaos, SLOW_BY } from './chaos.service';

/** The switches that break things for real, each with what to expect, and the one that ends it all. */
@Component({
  selector: 'arena-chaos-controls',
  imports: [ChaosButton, ChaosSwitch, Icon],
  template: `
    <arena-chaos-button
      icon="cut"
      label="Cut the socket"
      expect="Gone without a goodbye. Polling fills in if a new socket takes longer than half a second; then live again."
      (pressed)="chaos.cut()"
    />
    <arena-chaos-switch
      icon="hole"
      label="Black hole"
      expect="The socket stays open and says nothing. Polling within about a second; switch it off to be live again."
      [on]="chaos.blackHole()"
      (toggled)="chaos.setBlackHole($event)"
    />
    <arena-chaos-switch
      icon="refuse"
      label="No WebSocket in this browser"
      expect="As behind a strict policy or an old proxy: polling at once, for as long as this is on."
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
        label="Forbid WebSocket on the server"
        expect="For everybody who watches. The server says so, all pages poll, and come back when it is allowed again."
        [on]="chaos.forbidden()"
        (toggled)="chaos.setForbidden($event)"
      />
      @if (hasSession()) {
        <arena-chaos-button
          icon="key"
          label="Expire my token"
          expect="It ends in a few seconds. A new one is fetched and nothing on the screen stops."
          (pressed)="chaos.expireToken()"
        />
      }
    }
    <button type="button" class="button" [disabled]="chaos.isCalm()" (click)="chaos.calm()">
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
  protected readonly slowText = `Every frame and every request is ${SLOW_BY} ms late. Watch the round trip; nothing gets lost.`;
  private readonly store = inject(GameStore);
  protected readonly hasSession = computed(() => this.store.player() !== undefined);
}
