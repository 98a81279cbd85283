import { computed, DestroyRef, effect, inject, Injectable, signal, untracked } from '@angular/core';
import { RealtimeService } from '@statewire/angular';
import type { ClientMetrics } from '@statewire/angular';

import { GameStore } from '../game/game-store';
import { POLL_INTERVAL_MS, PollingCost } from './polling-cost';
import { savings } from './savings';

const WINDOW_SECONDS = 60;

interface Rates {
  readonly bytes: number;
  readonly messages: number;
}

/** The traffic of the connection: rates of the last minute, and a comparison with polling. */
@Injectable({ providedIn: 'root' })
export class Traffic {
  private readonly realtime = inject(RealtimeService);
  private readonly store = inject(GameStore);
  private readonly samples = signal<readonly Rates[]>([]);
  private readonly polling = new PollingCost();
  private readonly polled = signal({ bytes: 0, polls: 0 });
  private before: ClientMetrics = this.realtime.metrics();

  readonly metrics = this.realtime.metrics;
  /** Bytes per second of the last 60 seconds, oldest first. */
  readonly bytesPerSecond = computed(() => this.samples().map(({ bytes }) => bytes));
  readonly rates = computed<Rates>(() => mean(this.samples().slice(-3)));
  readonly savings = computed(() => savings(this.metrics(), this.polled()));

  constructor() {
    const sampling = setInterval(() => this.sample(), 1_000);
    const polling = setInterval(() => this.poll(), POLL_INTERVAL_MS);
    const firstValue = effect(() => {
      if (this.store.lobby().value === undefined) return;
      untracked(() => this.poll());
      firstValue.destroy();
    });
    inject(DestroyRef).onDestroy(() => {
      clearInterval(sampling);
      clearInterval(polling);
    });
  }

  private sample(): void {
    const metrics = this.metrics();
    const messages = (of: ClientMetrics) => of.framesReceived + of.framesSent;
    const bytes = (of: ClientMetrics) => of.bytesReceived + of.bytesSent;
    const rates = { bytes: bytes(metrics) - bytes(this.before), messages: messages(metrics) - messages(this.before) };
    this.before = metrics;
    this.samples.update((samples) => [...samples, rates].slice(-WINDOW_SECONDS));
  }

  private poll(): void {
    this.polling.poll([
      ['lobby', this.store.lobby().value],
      ['run', this.store.run().value],
      ['battle', this.store.battle().value],
    ]);
    this.polled.set({ bytes: this.polling.bytes, polls: this.polling.polls });
  }
}

function mean(samples: readonly Rates[]): Rates {
  const count = Math.max(1, samples.length);
  const sum = (of: (rates: Rates) => number) => samples.reduce((total, rates) => total + of(rates), 0);
  return { bytes: sum(({ bytes }) => bytes) / count, messages: sum(({ messages }) => messages) / count };
}
