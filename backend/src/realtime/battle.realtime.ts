import { UseFilters, UseGuards } from '@nestjs/common';
import {
  battle,
  pauseBattle,
  resumeBattle,
  setBattleSpeed,
  type BattleProgress,
  type BattleSnapshot,
} from '@statewire/arena';
import { ActionData, OnAction, OnTopic, RealtimeError, RealtimeHandlers, TopicParams } from '@statewire/nest';
import type { TopicParameters } from '@statewire/protocol';

import { BattleService } from '../game/battle.service.js';
import { BattleCommandDto, SetBattleSpeedDto } from './battle.dto.js';
import { PlayerGuard } from './player.guard.js';
import { RuleErrorFilter } from './rule-error.filter.js';
import { RunOwnerGuard } from './run-owner.guard.js';

@RealtimeHandlers()
@UseFilters(RuleErrorFilter)
export class BattleRealtime {
  constructor(private readonly battles: BattleService) {}

  @OnTopic(battle)
  load(@TopicParams() { battleId }: TopicParameters<typeof battle.pattern>): BattleSnapshot {
    const snapshot = this.battles.snapshot(battleId);
    if (!snapshot) throw new RealtimeError('unknown_topic', 'There is no such battle, or it is over.');
    return snapshot;
  }

  @OnAction(pauseBattle)
  @UseGuards(PlayerGuard, RunOwnerGuard)
  pause(@ActionData() { battleId }: BattleCommandDto): Promise<BattleProgress> {
    return this.battles.pause(battleId);
  }

  @OnAction(resumeBattle)
  @UseGuards(PlayerGuard, RunOwnerGuard)
  resume(@ActionData() { battleId }: BattleCommandDto): Promise<BattleProgress> {
    return this.battles.resume(battleId);
  }

  @OnAction(setBattleSpeed)
  @UseGuards(PlayerGuard, RunOwnerGuard)
  setSpeed(@ActionData() { battleId, speed }: SetBattleSpeedDto): Promise<BattleProgress> {
    return this.battles.setSpeed(battleId, speed);
  }
}
