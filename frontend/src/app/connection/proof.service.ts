import { DestroyRef, effect, inject, Injectable, type Signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import type { TopicState } from '@statewire/angular';
import type { SnapshotResponse } from '@statewire/protocol';
import { filter, firstValueFrom, map, merge, Subject, timer } from 'rxjs';

import { GameStore } from '../game/game-store';
import { deepEqual } from './deep-equal';
import { RecentValues } from './recent-values';

export interface Verdict {
  readonly topic: string;
  /** `missed`: the page never was at the position of the server's answer, as happens between two polls. */
  readonly result: 'equal' | 'different' | 'missed' | 'unreachable';
  readonly offset: number | undefined;
}

const ATTEMPTS = 6;
const CHANGE_TIMEOUT_MS = 3_000;

/**
 * Requests snapshots of the topics on the screen, and compares them with the page at the same position. It does not use
 * the realtime client, because the client is the subject of the test.
 */
@Injectable({ providedIn: 'root' })
export class ProofService {
  private readonly store = inject(GameStore);
  private readonly destroyed = inject(DestroyRef);
  private readonly recent = new Map<string, RecentValues>();
  private readonly changes = new Subject<string>();

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
      this.changes.next(topic);
    });
  }

  private async compareTopic(topic: string): Promise<Verdict> {
    let offset: number | undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = await snapshot(topic);
      if (answer === undefined) return { topic, result: 'unreachable', offset };
      ({ offset } = answer);
      await this.reached(topic, answer);
      const shown = this.recent.get(topic)?.at(answer);
      if (shown !== undefined) {
        return { topic, result: deepEqual(shown, answer.data) ? 'equal' : 'different', offset };
      }
      await this.nextChange(topic);
    }
    return { topic, result: 'missed', offset };
  }

  private async reached(topic: string, { epoch, offset }: SnapshotResponse): Promise<void> {
    const isThere = (): boolean => {
      const newest = this.recent.get(topic)?.newest;
      return newest?.epoch === epoch && newest.offset >= offset;
    };
    if (!isThere()) await this.first(topic, isThere);
  }

  private nextChange(topic: string): Promise<void> {
    return this.first(topic, () => true);
  }

  private async first(topic: string, isEnough: () => boolean): Promise<void> {
    const wanted = this.changes.pipe(filter((changed) => changed === topic && isEnough()));
    const either = merge(wanted, timer(CHANGE_TIMEOUT_MS)).pipe(
      map(() => undefined),
      takeUntilDestroyed(this.destroyed),
    );
    await firstValueFrom(either, { defaultValue: undefined });
  }
}

async function snapshot(topic: string): Promise<Extract<SnapshotResponse, { kind: 'state' }> | undefined> {
  try {
    const response = await fetch(`/realtime/snapshot?topic=${encodeURIComponent(topic)}`, { cache: 'no-store' });
    if (!response.ok) return undefined;
    const body = (await response.json()) as SnapshotResponse;
    return body.kind === 'state' ? body : undefined;
  } catch {
    return undefined;
  }
}
