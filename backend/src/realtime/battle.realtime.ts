import { UseFilters, UseGuards } from '@nestjs/common';
import {
  battle,
  pauseBattle,
  resumeBattle,
  setBattleSpeed,
  spectators,
  type BattleProgress,
  type BattleSnapshot,
  type Spectator,
} from '@statewire/arena';
import {
  ActionData,
  Caller,
  OnAction,
  OnPresence,
  OnTopic,
  RealtimeError,
  RealtimeHandlers,
  TopicParams,
} from '@statewire/nest';
import type { TopicParameters } from '@statewire/protocol';

import { GameRequests } from '../game/game-requests.js';
import type { Player } from '../session/player.js';
import { BattleCommandDto, SetBattleSpeedDto } from './battle.dto.js';
import { PlayerGuard } from './player.guard.js';
import { RuleErrorFilter } from './rule-error.filter.js';
import { RunOwnerGuard } from './run-owner.guard.js';

@RealtimeHandlers()
@UseFilters(RuleErrorFilter)
export class BattleRealtime {
  constructor(private readonly game: GameRequests) {}

  @OnTopic(battle)
  async load(@TopicParams() { battleId }: TopicParameters<typeof battle.pattern>): Promise<BattleSnapshot> {
    const snapshot = await this.game.load<BattleSnapshot | null>({ type: 'load-battle', battleId });
    if (!snapshot) throw new RealtimeError('unknown_topic', 'There is no such battle, or it is over.');
    return snapshot;
  }

  @OnPresence(spectators)
  spectator(@Caller() player: Player | undefined): Spectator | undefined {
    return player && { playerId: player.playerId, name: player.name };
  }

  @OnAction(pauseBattle)
  @UseGuards(PlayerGuard, RunOwnerGuard)
  pause(@ActionData() { battleId }: BattleCommandDto): Promise<BattleProgress> {
    return this.game.ask({ type: 'pause', battleId });
  }

  @OnAction(resumeBattle)
  @UseGuards(PlayerGuard, RunOwnerGuard)
  resume(@ActionData() { battleId }: BattleCommandDto): Promise<BattleProgress> {
    return this.game.ask({ type: 'resume', battleId });
  }

  @OnAction(setBattleSpeed)
  @UseGuards(PlayerGuard, RunOwnerGuard)
  setSpeed(@ActionData() { battleId, speed }: SetBattleSpeedDto): Promise<BattleProgress> {
    return this.game.ask({ type: 'set-speed', battleId, speed });
  }
}
