import { UseFilters, UseGuards } from '@nestjs/common';
import { chooseRoom, pickReward, run, startRun, type RunProgress, type RunSnapshot } from '@statewire/arena';
import { ActionData, Caller, OnAction, OnTopic, RealtimeError, RealtimeHandlers, TopicParams } from '@statewire/nest';
import type { TopicParameters } from '@statewire/protocol';

import { GameRequests } from '../game/game-requests.js';
import type { Player } from '../session/player.js';
import { PlayerGuard } from './player.guard.js';
import { RuleErrorFilter } from './rule-error.filter.js';
import { ChooseRoomDto, PickRewardDto } from './run.dto.js';
import { RunOwnerGuard } from './run-owner.guard.js';

@RealtimeHandlers()
@UseFilters(RuleErrorFilter)
export class RunRealtime {
  constructor(private readonly game: GameRequests) {}

  @OnTopic(run)
  async load(@TopicParams() { runId }: TopicParameters<typeof run.pattern>): Promise<RunSnapshot> {
    const snapshot = await this.game.load<RunSnapshot | null>({ type: 'load-run', runId });
    if (!snapshot) throw new RealtimeError('unknown_topic', 'There is no such run, or it is over.');
    return snapshot;
  }

  @OnAction(startRun)
  @UseGuards(PlayerGuard)
  start(@Caller() { playerId, name }: Player): Promise<RunProgress> {
    return this.game.ask({ type: 'start-run', player: { playerId, name, house: false } });
  }

  @OnAction(chooseRoom)
  @UseGuards(PlayerGuard, RunOwnerGuard)
  choose(@ActionData() { runId, roomId }: ChooseRoomDto): Promise<RunProgress> {
    return this.game.ask({ type: 'choose-room', runId, roomId });
  }

  @OnAction(pickReward)
  @UseGuards(PlayerGuard, RunOwnerGuard)
  pick(@ActionData() { runId, offerId }: PickRewardDto): Promise<RunProgress> {
    return this.game.ask({ type: 'pick-reward', runId, offerId: offerId ?? null });
  }
}
