import { inject, Injectable } from '@angular/core';
import { RealtimeService } from '@statewire/angular';
import {
  battle,
  chooseRoom,
  dismissNotification,
  pauseBattle,
  pickReward,
  resumeBattle,
  setBattleSpeed,
  startRun,
  type BattleSnapshot,
  type BattleSpeed,
  type BattleStatus,
  type RunProgress,
} from '@statewire/arena';
import { RealtimeClientError, type OptimisticUpdate } from '@statewire/angular';
import { firstValueFrom, type Observable } from 'rxjs';

import { Toasts } from '../shell/toasts';
import { GameStore } from './game-store';

type BattleUpdate = (value: BattleSnapshot) => BattleSnapshot;

function changed(battleId: string, update: BattleUpdate): OptimisticUpdate<BattleSnapshot> {
  return [battle.with({ battleId }), update];
}

/** A battle that is decided meanwhile stays decided. */
function turned(from: BattleStatus, to: BattleStatus): BattleUpdate {
  return (value) => (value.status === from ? { ...value, status: to } : value);
}

/** What a player can do. Each resolves when the server has answered; a refusal is told to the player. */
@Injectable({ providedIn: 'root' })
export class Commands {
  private readonly realtime = inject(RealtimeService);
  private readonly toasts = inject(Toasts);
  private readonly store = inject(GameStore);

  startRun(): Promise<RunProgress | undefined> {
    return this.answered('The run did not start', this.realtime.act(startRun, {}));
  }

  chooseRoom(runId: string, roomId: string): Promise<RunProgress | undefined> {
    return this.answered('The room was not entered', this.realtime.act(chooseRoom, { runId, roomId }));
  }

  pickOffer(runId: string, offerId: string): Promise<RunProgress | undefined> {
    return this.answered('Nothing was picked', this.realtime.act(pickReward, { runId, offerId }));
  }

  leaveRoom(runId: string): Promise<RunProgress | undefined> {
    return this.answered('The room was not left', this.realtime.act(pickReward, { runId }));
  }

  async pause(battleId: string): Promise<void> {
    const optimistic = changed(battleId, turned('running', 'paused'));
    await this.answered('The battle was not paused', this.realtime.act(pauseBattle, { battleId }, { optimistic }));
  }

  async resume(battleId: string): Promise<void> {
    const optimistic = changed(battleId, turned('paused', 'running'));
    await this.answered('The battle was not resumed', this.realtime.act(resumeBattle, { battleId }, { optimistic }));
  }

  async setSpeed(battleId: string, speed: BattleSpeed): Promise<void> {
    const optimistic = changed(battleId, (value) => ({ ...value, speed }));
    const answer = this.realtime.act(setBattleSpeed, { battleId, speed }, { optimistic });
    await this.answered('The speed was not changed', answer);
  }

  async dismiss(notificationId: string): Promise<void> {
    const putBack = this.store.hideNotification(notificationId);
    const answer = this.realtime.act(dismissNotification, { notificationId });
    if ((await this.answered('The notification stays', answer)) === undefined) putBack();
  }

  private async answered<R>(problem: string, answer: Observable<R>): Promise<R | undefined> {
    try {
      return await firstValueFrom(answer);
    } catch (error) {
      const text = error instanceof RealtimeClientError ? error.message : 'The connection was closed.';
      this.toasts.show('problem', problem, text);
      return undefined;
    }
  }
}
