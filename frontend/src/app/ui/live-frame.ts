import { NgTemplateOutlet } from '@angular/common';
import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { TopicState } from '@statewire/angular';

import { formatAge } from '../connection/format';
import { GameStore, isOver } from '../game/game-store';
import { Clock } from '../shell/clock';

interface Truth {
  readonly tone: 'live' | 'polling' | 'stale' | 'over' | 'waiting';
  readonly text: string;
}

/**
 * A frame around the value of a topic. A value that is not live gets a dashed border and a line with the time since then.
 * Before the first value and after an error, the frame shows a message instead. The last value of a battle or run that is over
 * stays, and a line says so.
 */
@Component({
  selector: 'arena-live-frame',
  imports: [NgTemplateOutlet, RouterLink],
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
  /** The level of the heading of a message: 1 if the frame is the whole page. */
  readonly headingLevel = input<1 | 2>(2);

  protected readonly store = inject(GameStore);
  private readonly clock = inject(Clock);

  protected readonly hasValue = computed(() => this.state().value !== undefined);
  /** Why there is nothing to show. The client itself tries again after a temporary error, so the frame goes on waiting. */
  protected readonly error = computed(() => {
    const { error } = this.state();
    return error === undefined || error.temporary || isOver(this.state()) ? undefined : error;
  });
  /** Whether the server rejects the page before it sent a value. The page does not try again by itself. */
  protected readonly isDenied = computed(() => this.store.status().state === 'denied' && !this.hasValue());

  protected readonly truth = computed<Truth>(() => {
    const { freshness } = this.state();
    if (isOver(this.state())) return { tone: 'over', text: 'Over: this is how it ended' };
    if (!this.hasValue()) return this.waiting();
    switch (freshness.state) {
      case 'stale':
        return { tone: 'stale', text: `Not live for ${this.age(freshness.staleSince)}${this.reason()}` };
      case 'catching-up':
        return { tone: 'stale', text: 'Not live: catching up …' };
      case 'live':
        return this.store.status().state === 'polling'
          ? { tone: 'polling', text: 'Polling: up to 2 s behind' }
          : { tone: 'live', text: 'Live' };
    }
  });

  private age(since: number): string {
    return formatAge(Math.max(1_000, this.clock.now() - since));
  }

  private reason(): string {
    const { state } = this.store.status();
    if (state === 'denied') return ': the server rejects this page';
    const isConnected = state === 'live' || state === 'polling';
    return isConnected && this.state().error === undefined ? ': the server does not see changes now' : '';
  }

  private waiting(): Truth {
    if (this.store.status().state === 'offline') return { tone: 'stale', text: 'Offline: the page keeps trying' };
    if (this.state().error !== undefined) {
      return { tone: 'stale', text: `The server cannot send ${this.subject()} now: the page keeps trying` };
    }
    return { tone: 'waiting', text: `Waiting for ${this.subject()} …` };
  }
}
