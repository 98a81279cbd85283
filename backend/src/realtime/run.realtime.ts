import { UseFilters, UseGuards } from '@nestjs/common';
import { chooseRoom, pickReward, run, startRun, type RunProgress, type RunSnapshot } from '@statewire/arena';
import { ActionData, Caller, OnAction, OnTopic, RealtimeError, RealtimeHandlers, TopicParams } from '@statewire/nest';
import type { TopicParameters } from '@statewire/protocol';

import { RunService } from '../game/run.service.js';
import type { Player } from '../session/player.js';
import { PlayerGuard } from './player.guard.js';
import { RuleErrorFilter } from './rule-error.filter.js';
import { ChooseRoomDto, PickRewardDto } from './run.dto.js';
import { RunOwnerGuard } from './run-owner.guard.js';

@RealtimeHandlers()
@UseFilters(RuleErrorFilter)
export class RunRealtime {
  constructor(private readonly runs: RunService) {}

  @OnTopic(run)
  load(@TopicParams() { runId }: TopicParameters<typeof run.pattern>): RunSnapshot {
    const snapshot = this.runs.snapshot(runId);
    if (!snapshot) throw new RealtimeError('unknown_topic', 'There is no such run, or it is over.');
    return snapshot;
  }

  @OnAction(startRun)
  @UseGuards(PlayerGuard)
  start(@Caller() { playerId, name }: Player): Promise<RunProgress> {
    return this.runs.start({ playerId, name, house: false });
  }

  @OnAction(chooseRoom)
  @UseGuards(PlayerGuard, RunOwnerGuard)
  choose(@ActionData() { runId, roomId }: ChooseRoomDto): Promise<RunProgress> {
    return this.runs.chooseRoom(runId, roomId);
  }

  @OnAction(pickReward)
  @UseGuards(PlayerGuard, RunOwnerGuard)
  pick(@ActionData() { runId, offerId }: PickRewardDto): Promise<RunProgress> {
    return this.runs.pickReward(runId, offerId);
  }
}
