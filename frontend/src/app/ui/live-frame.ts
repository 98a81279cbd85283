import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { TopicState } from '@statewire/angular';

import { formatAge } from '../connection/format';
import { GameStore, isOver } from '../game/game-store';
import { Clock } from '../shell/clock';

interface Truth {
  readonly tone: 'live' | 'polling' | 'stale' | 'over';
  readonly text: string;
}

/**
 * A frame around the value of a topic. A value that is not live gets a dashed border and a line with the time since then.
 * Before the first value and after an error, the frame shows a message instead. The last value of a battle or run that is over
 * stays, and a line says so.
 */
@Component({
  selector: 'arena-live-frame',
  imports: [RouterLink],
  templateUrl: './live-frame.html',
  styleUrl: './live-frame.css',
  host: {
    '[class]': 'truth().tone',
    '[attr.data-freshness]': 'state().freshness.state',
    '[attr.data-epoch]': 'state().position?.epoch',
    '[attr.data-offset]': 'state().position?.offset',
  },
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class LiveFrame {
  readonly state = input.required<TopicState<unknown>>();
  /** The name of the value in messages, such as "the battle". */
  readonly subject = input.required<string>();

  private readonly store = inject(GameStore);
  private readonly clock = inject(Clock);

  /** Why there is nothing to show. */
  protected readonly error = computed(() => (isOver(this.state()) ? undefined : this.state().error));

  protected readonly truth = computed<Truth>(() => {
    const { freshness } = this.state();
    if (isOver(this.state())) return { tone: 'over', text: 'Over: this is how it ended' };
    switch (freshness.state) {
      case 'stale':
        return {
          tone: 'stale',
          text: `Not live: stale since ${formatAge(Math.max(1_000, this.clock.now() - freshness.staleSince))}`,
        };
      case 'catching-up':
        return { tone: 'stale', text: 'Not live: catching up …' };
      case 'live':
        return this.store.status().state === 'polling'
          ? { tone: 'polling', text: 'Polling: up to 2 s behind' }
          : { tone: 'live', text: 'Live' };
    }
  });
}
