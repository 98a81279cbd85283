import { ChangeDetectionStrategy, Component, computed, effect, inject, output, untracked } from '@angular/core';

import { GameStore } from '../game/game-store';
import { Clock } from '../shell/clock';
import { Icon } from '../ui/icon';
import { ChaosControls } from './chaos-controls';
import { Chaos } from './chaos.service';
import { CostBars } from './cost-bars';
import { formatAge, formatBytes, JUST_NOW } from './format';
import { Proof } from './proof';
import { Sparkline } from './sparkline';
import { reasonWords, statusWords } from './status-words';
import { Traffic } from './traffic.service';

interface Fact {
  readonly label: string;
  readonly value: string;
}

/** The panel with the status of the connection, its cost, and the switches that break it. */
@Component({
  selector: 'arena-connection-panel',
  imports: [ChaosControls, CostBars, Icon, Proof, Sparkline],
  templateUrl: './connection-panel.html',
  styleUrl: './connection-panel.css',
  host: { '[class]': '"tone-" + words().tone' },
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ConnectionPanel {
  readonly closed = output();

  private readonly store = inject(GameStore);
  private readonly chaos = inject(Chaos);
  private readonly clock = inject(Clock);
  private readonly traffic = inject(Traffic);

  protected readonly status = this.store.status;
  protected readonly words = computed(() => statusWords(this.status(), this.store.isServerStale()));
  protected readonly reason = computed(() => {
    const status = this.status();
    return 'reason' in status ? status.reason : undefined;
  });
  protected readonly reasonWords = reasonWords;
  protected readonly savings = this.traffic.savings;
  protected readonly bytesPerSecond = this.traffic.bytesPerSecond;
  protected readonly rate = computed(() => {
    const { bytes, messages } = this.traffic.rates();
    return { bytes: `${formatBytes(bytes)}/s`, messages: `${messages.toFixed(messages < 10 ? 1 : 0)}/s` };
  });
  protected readonly facts = computed(() => this.describe());
  protected readonly counters = computed<readonly Fact[]>(() => {
    const { patches, snapshots, events, polls, reconnects, holes } = this.traffic.metrics();
    return [
      { label: 'Changes', value: `${patches}` },
      { label: 'Full values', value: `${snapshots}` },
      { label: 'Events', value: `${events}` },
      { label: 'Polls', value: `${polls}` },
      { label: 'Reconnects', value: `${reconnects}` },
      { label: 'Gaps repaired', value: `${holes}` },
    ];
  });

  constructor() {
    void this.chaos.ask();
    effect(() => {
      this.status();
      if (untracked(this.chaos.hasServer)) void this.chaos.ask();
    });
  }

  private describe(): readonly Fact[] {
    const status = this.status();
    const now = this.clock.now();
    const age = formatAge(now - status.enteredAt);
    const facts: Fact[] = [{ label: 'Since', value: age === JUST_NOW ? age : `${age} ago` }];
    if ('transport' in status) {
      facts.push({ label: 'Transport', value: status.transport === 'websocket' ? 'WebSocket' : 'HTTP polling' });
      facts.push({ label: 'Round trip', value: roundTrip(status.roundTripTimeMs) });
    }
    if ('attempt' in status) facts.push({ label: 'Tries', value: `${status.attempt}` });
    if ('nextRetryAt' in status && status.nextRetryAt !== undefined) {
      const wait = Math.max(0, Math.ceil((status.nextRetryAt - now) / 1_000));
      facts.push({ label: 'Next try', value: wait === 0 ? 'now' : `in ${wait} s` });
    }
    return facts;
  }
}

function roundTrip(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '–';
  return milliseconds < 1 ? '< 1 ms' : `${Math.round(milliseconds)} ms`;
}
