import { Injectable } from '@nestjs/common';

import { RuleError } from '../run/rule-error.js';
import { BattleService } from './battle.service.js';
import type { GameAnswer, GameRequest } from './game-requests.js';
import { LobbyService } from './lobby.service.js';
import { NotificationService } from './notification.service.js';
import { RunService } from './run.service.js';

/** Answers the requests of all nodes on the node that runs the game. */
@Injectable()
export class GameAnswers {
  constructor(
    private readonly battles: BattleService,
    private readonly runs: RunService,
    private readonly lobby: LobbyService,
    private readonly notifications: NotificationService,
  ) {}

  async answer(request: GameRequest): Promise<GameAnswer> {
    try {
      return { result: (await this.#run(request)) ?? null };
    } catch (error) {
      if (error instanceof RuleError) return { broken: error.message };
      throw error;
    }
  }

  #run(request: GameRequest): unknown {
    const { battles, lobby, notifications, runs } = this;
    switch (request.type) {
      case 'ping':
        return null;
      case 'load-lobby':
        return lobby.snapshot;
      case 'load-run':
        return runs.snapshot(request.runId);
      case 'load-battle':
        return battles.snapshot(request.battleId);
      case 'load-notifications':
        return notifications.list(request.playerId);
      case 'owners':
        return this.#owners(request.runId, request.battleId);
      case 'start-run':
        return runs.start(request.player);
      case 'choose-room':
        return runs.chooseRoom(request.runId, request.roomId);
      case 'pick-reward':
        return runs.pickReward(request.runId, request.offerId ?? undefined);
      case 'pause':
        return battles.pause(request.battleId);
      case 'resume':
        return battles.resume(request.battleId);
      case 'set-speed':
        return battles.setSpeed(request.battleId, request.speed);
      case 'dismiss':
        return notifications.dismiss(request.playerId, request.notificationId);
    }
  }

  /** The players of the run, and of the run of the battle. */
  #owners(runId: string | null, battleId: string | null): readonly string[] {
    const ids = [runId, battleId === null ? undefined : this.battles.snapshot(battleId)?.runId];
    return ids.flatMap((id) => (typeof id === 'string' ? (this.runs.snapshot(id)?.player.playerId ?? []) : []));
  }
}
