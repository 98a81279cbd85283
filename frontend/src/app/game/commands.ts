import { computed, inject, Injectable } from '@angular/core';
import { injectAction, type ActionOutcome, type OptimisticUpdate } from '@statewire/angular';
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

import { Toasts } from '../shell/toasts';
import { GameStore } from './game-store';

type BattleUpdate = (value: BattleSnapshot) => BattleSnapshot;

function changed(battleId: string, update: BattleUpdate): OptimisticUpdate<BattleSnapshot> {
  return [battle.with({ battleId }), update];
}

/** Changes the status only if the battle still has the status `from`, so that a decided battle stays decided. */
function turned(from: BattleStatus, to: BattleStatus): BattleUpdate {
  return (value) => (value.status === from ? { ...value, status: to } : value);
}

/**
 * The actions of the player. Each method resolves when the server has answered, with undefined if the server rejected the
 * action. A toast then shows the reason.
 */
@Injectable({ providedIn: 'root' })
export class Commands {
  private readonly toasts = inject(Toasts);
  private readonly store = inject(GameStore);

  private readonly starting = injectAction(startRun);
  private readonly choosing = injectAction(chooseRoom);
  private readonly picking = injectAction(pickReward);
  private readonly pausing = injectAction(pauseBattle);
  private readonly resuming = injectAction(resumeBattle);
  private readonly settingSpeed = injectAction(setBattleSpeed);
  private readonly dismissing = injectAction(dismissNotification);

  /** Whether an action that moves a run on is unanswered. */
  readonly isMovingOn = computed(() => this.starting.pending() || this.choosing.pending() || this.picking.pending());

  startRun(): Promise<RunProgress | undefined> {
    return this.answered('The run did not start', this.starting.run({}));
  }

  chooseRoom(runId: string, roomId: string): Promise<RunProgress | undefined> {
    return this.answered('The room was not entered', this.choosing.run({ runId, roomId }));
  }

  pickOffer(runId: string, offerId: string): Promise<RunProgress | undefined> {
    return this.answered('Nothing was picked', this.picking.run({ runId, offerId }));
  }

  leaveRoom(runId: string): Promise<RunProgress | undefined> {
    return this.answered('The room was not left', this.picking.run({ runId }));
  }

  async pause(battleId: string): Promise<void> {
    const optimistic = changed(battleId, turned('running', 'paused'));
    await this.answered('The battle was not paused', this.pausing.run({ battleId }, { optimistic }));
  }

  async resume(battleId: string): Promise<void> {
    const optimistic = changed(battleId, turned('paused', 'running'));
    await this.answered('The battle was not resumed', this.resuming.run({ battleId }, { optimistic }));
  }

  async setSpeed(battleId: string, speed: BattleSpeed): Promise<void> {
    const optimistic = changed(battleId, (value) => ({ ...value, speed }));
    await this.answered('The speed was not changed', this.settingSpeed.run({ battleId, speed }, { optimistic }));
  }

  async dismiss(notificationId: string): Promise<void> {
    const putBack = this.store.hideNotification(notificationId);
    const answer = this.dismissing.run({ notificationId });
    if ((await this.answered('The notification stays', answer)) === undefined) putBack();
  }

  private async answered<R>(problem: string, run: Promise<ActionOutcome<R>>): Promise<R | undefined> {
    const { result, error } = await run;
    if (error !== undefined) this.toasts.show('problem', problem, error.message);
    return result;
  }
}
