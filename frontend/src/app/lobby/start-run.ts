import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { FormsModule } from '@angular/forms';
import { Router } from '@angular/router';

import { Commands } from '../game/commands';
import { GameStore } from '../game/game-store';
import { Icon } from '../ui/icon';

const MAX_NAME_LENGTH = 24;

/** Asks for the player's name, if it is unknown, and starts a run. */
@Component({
  selector: 'arena-start-run',
  imports: [FormsModule, Icon],
  template: `
    <h2>Start your own run</h2>
    <form (ngSubmit)="start()">
      @if (store.player(); as player) {
        <p class="soft">
          You play as <b>{{ player.name }}</b>.
          <button type="button" class="link" (click)="store.leave()">Not you?</button>
        </p>
      } @else {
        <label for="player-name">Your name, shown to everybody who watches</label>
        <input
          id="player-name"
          class="field"
          name="player"
          autocomplete="nickname"
          required
          placeholder="Ada"
          [maxlength]="longest"
          [attr.aria-invalid]="problem() ? 'true' : null"
          aria-describedby="player-problem"
          [(ngModel)]="name"
        />
        <p id="player-problem" class="problem" role="alert">{{ problem() }}</p>
      }
      <button type="submit" class="button primary" [disabled]="isBusy()">
        {{ isBusy() ? 'Starting …' : 'Start a run' }}<arena-icon name="arrow" />
      </button>
    </form>
  `,
  styles: `
    :host,
    form {
      display: grid;
      gap: var(--gap-s);
    }
    form {
      justify-items: start;
      width: 100%;
    }
    h2 {
      font-size: var(--text-l);
    }
    label,
    p {
      font-size: var(--text-s);
    }
    label {
      color: var(--ink-soft);
    }
    .problem {
      color: var(--broken);
    }
    .problem:empty {
      display: none;
    }
    .link {
      padding: 0;
      border: 0;
      background: none;
      color: inherit;
      font: inherit;
      text-decoration: underline;
      cursor: pointer;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class StartRun {
  protected readonly store = inject(GameStore);
  protected readonly longest = MAX_NAME_LENGTH;
  protected readonly name = signal('');
  protected readonly problem = signal('');
  protected readonly isBusy = signal(false);

  private readonly commands = inject(Commands);
  private readonly router = inject(Router);

  protected async start(): Promise<void> {
    const name = this.name().trim();
    if (this.store.player() === undefined && name === '') {
      this.problem.set('Give a name first.');
      return;
    }
    this.isBusy.set(true);
    this.problem.set('');
    try {
      if (this.store.player() === undefined) await this.store.enter(name);
      const started = await this.commands.startRun();
      if (started !== undefined) await this.router.navigate(['/runs', started.runId]);
    } catch (error) {
      this.problem.set(error instanceof Error ? error.message : 'The server could not be reached.');
    } finally {
      this.isBusy.set(false);
    }
  }
}
