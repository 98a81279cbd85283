import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { RealtimeError, type RealtimeRequest } from '@statewire/nest';

import { BattleService } from '../game/battle.service.js';
import { RunService } from '../game/run.service.js';
import type { Player } from '../session/player.js';

/**
 * Only the player of each run, and of each battle's run, that the data names. Runs before the data is validated; what
 * names nothing is left to validation and to the handler, which find nothing either.
 */
@Injectable()
export class RunOwnerGuard implements CanActivate {
  constructor(
    private readonly runs: RunService,
    private readonly battles: BattleService,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const { user, data } = context.switchToHttp().getRequest<RealtimeRequest>();
    const playerId = (user as Player | undefined)?.playerId;
    if (this.#ownersOf(data).some((owner) => owner !== playerId)) {
      throw new RealtimeError('forbidden', 'This is somebody else’s run. Anyone may watch, only its player may act.');
    }
    return true;
  }

  /** Of every run that is named: which of them the handler goes by is not known here. */
  #ownersOf(data: RealtimeRequest['data']): readonly string[] {
    const { runId, battleId } = Object(data) as { readonly runId?: unknown; readonly battleId?: unknown };
    const ids = [runId, typeof battleId === 'string' ? this.battles.snapshot(battleId)?.runId : undefined];
    return ids.flatMap((id) => (typeof id === 'string' ? (this.runs.snapshot(id)?.player.playerId ?? []) : []));
  }
}
