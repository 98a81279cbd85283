import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { LobbyRun } from '@statewire/arena';

import { phaseWords } from '../run/run-words';
import { Icon } from '../ui/icon';

/** A run in the lobby, with its player and its progress. */
@Component({
  selector: 'arena-run-tile',
  imports: [Icon, RouterLink],
  template: `
    <a [routerLink]="['/runs', run().runId]">
      <span class="who">
        <b>{{ run().player.name }}</b>
        @if (own()) {
          <span class="tag own">you</span>
        } @else if (run().player.house) {
          <span class="tag">house</span>
        }
      </span>
      <span class="soft phase">{{ words() }}</span>
      <span class="progress" role="img" [attr.aria-label]="run().roomsVisited + ' of ' + run().roomsInAll + ' rooms'">
        @for (room of rooms(); track $index) {
          <i [class.done]="room"></i>
        }
      </span>
      <span class="figures gold"><arena-icon name="coin" /><span class="sr-only">Gold: </span>{{ run().gold }}</span>
    </a>
  `,
  styles: `
    a {
      display: grid;
      grid-template-columns: minmax(8rem, 1.2fr) minmax(8rem, 1fr) auto 4.5rem;
      gap: 0.3rem 1.2rem;
      align-items: center;
      padding: 0.65rem 0.4rem;
      border-bottom: 1px solid var(--line);
      text-decoration: none;
    }
    a:hover {
      background: var(--surface);
    }
    .phase {
      font-size: var(--text-s);
    }
    .tag {
      margin-left: 0.5rem;
      padding: 0.05rem 0.45rem;
      border: 1px solid var(--line-strong);
      border-radius: 99px;
      color: var(--ink-soft);
      font-size: var(--text-xs);
    }
    .own {
      border-color: var(--accent);
      color: var(--accent);
    }
    .progress {
      display: flex;
      gap: 3px;
    }
    i {
      width: 0.9rem;
      height: 0.4rem;
      border-radius: 2px;
      background: color-mix(in oklab, var(--ink) 14%, transparent);
    }
    .done {
      background: var(--ink);
    }
    .gold {
      display: inline-flex;
      align-items: center;
      justify-content: end;
      gap: 0.35rem;
      color: var(--gold);
    }
    @media (max-width: 40rem) {
      a {
        grid-template-columns: 1fr auto;
      }
      .phase {
        order: 3;
      }
      .progress {
        order: 4;
        justify-self: end;
      }
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class RunTile {
  readonly run = input.required<LobbyRun>();
  readonly own = input(false);
  protected readonly words = computed(() => phaseWords(this.run().phase, this.run().outcome));
  protected readonly rooms = computed(() =>
    Array.from({ length: this.run().roomsInAll }, (_, index) => index < this.run().roomsVisited),
  );
}
