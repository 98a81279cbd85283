import { DestroyRef, effect, inject, Injectable, type Signal } from '@angular/core';
import type { TopicState } from '@statewire/angular';
import type { SnapshotResponse } from '@statewire/protocol';

import { GameStore } from '../game/game-store';
import { deepEqual } from './deep-equal';
import { RecentValues } from './recent-values';

export interface Verdict {
  readonly topic: string;
  /**
   * `missed`: the page never was at the position of the server's answer, as happens between two polls. `gone`: the server no
   * longer has the topic. `rejected`: it answered with another error.
   */
  readonly result: 'equal' | 'different' | 'missed' | 'gone' | 'rejected' | 'unreachable';
  readonly offset: number | undefined;
  /** The status of an answer with an error. */
  readonly status?: number;
}

type StateSnapshot = Extract<SnapshotResponse, { kind: 'state' }>;

/** Milliseconds between two snapshots. Half a turn of a battle, so that there is a snapshot of each turn. */
const SAMPLE_PERIOD_MS = 50;
/** Milliseconds after which a comparison gives up: six polls of a page without a WebSocket. */
const GIVE_UP_MS = 12_000;

/**
 * Requests snapshots of the topics on the screen until the page shows one of their positions, and compares the values at
 * this position. It does not use the realtime client, because the client is the subject of the test.
 */
@Injectable({ providedIn: 'root' })
export class ProofService {
  private readonly store = inject(GameStore);
  private readonly destroyRef = inject(DestroyRef);
  private readonly recent = new Map<string, RecentValues>();

  constructor() {
    this.record(this.store.lobby, () => 'lobby');
    this.record(this.store.run, ({ runId }) => `runs/${runId}`);
    this.record(this.store.battle, ({ battleId }) => `battles/${battleId}`);
  }

  /** Returns a verdict for each topic on the screen. */
  compare(): Promise<readonly Verdict[]> {
    const { runs, battles } = this.store.snapshot();
    const topics = [
      'lobby',
      ...Object.keys(runs).map((id) => `runs/${id}`),
      ...Object.keys(battles).map((id) => `battles/${id}`),
    ];
    return Promise.all(topics.map((topic) => this.compareTopic(topic)));
  }

  private record<T>(state: Signal<TopicState<T>>, name: (value: T) => string): void {
    effect(() => {
      const { value, position } = state();
      if (value === undefined || position === undefined) return;
      const topic = name(value);
      const recent = this.recent.get(topic) ?? new RecentValues();
      this.recent.set(topic, recent);
      recent.add(position, value);
    });
  }

  private async compareTopic(topic: string): Promise<Verdict> {
    const deadline = performance.now() + GIVE_UP_MS;
    const answers: StateSnapshot[] = [];
    while (performance.now() < deadline && !this.destroyRef.destroyed) {
      const answer = await snapshot(topic);
      if (!('kind' in answer)) return { topic, offset: undefined, ...answer };
      answers.push(answer);
      const shown = answers.find((position) => this.recent.get(topic)?.at(position) !== undefined);
      if (shown !== undefined) {
        const isEqual = deepEqual(this.recent.get(topic)?.at(shown), shown.data);
        return { topic, result: isEqual ? 'equal' : 'different', offset: shown.offset };
      }
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_PERIOD_MS));
    }
    return { topic, result: 'missed', offset: answers.at(-1)?.offset };
  }
}

type Failure = Pick<Verdict, 'result' | 'status'>;

async function snapshot(topic: string): Promise<StateSnapshot | Failure> {
  try {
    const response = await fetch(`/realtime/snapshot?topic=${encodeURIComponent(topic)}`, { cache: 'no-store' });
    const { status, ok } = response;
    if (!ok) return { result: status === 404 ? 'gone' : 'rejected', status };
    const body = (await response.json()) as SnapshotResponse;
    return body.kind === 'state' ? body : { result: 'rejected', status };
  } catch {
    return { result: 'unreachable' };
  }
}
