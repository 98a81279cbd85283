import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { RealtimeError, type RealtimeRequest } from '@statewire/nest';

import { BattleService } from '../game/battle.service.js';
import { RunService } from '../game/run.service.js';
import type { Player } from '../session/player.js';

/**
 * Only the player of the run, or of the battle's run, that the data names. Runs before the data is validated; what
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
    const owner = this.#ownerOf(data);
    if (owner !== undefined && owner !== (user as Player | undefined)?.playerId) {
      throw new RealtimeError('forbidden', 'This is somebody else’s run. Anyone may watch, only its player may act.');
    }
    return true;
  }

  #ownerOf(data: RealtimeRequest['data']): string | undefined {
    const { runId, battleId } = Object(data) as { readonly runId?: unknown; readonly battleId?: unknown };
    const id = typeof battleId === 'string' ? this.battles.snapshot(battleId)?.runId : runId;
    return typeof id === 'string' ? this.runs.snapshot(id)?.player.playerId : undefined;
  }
}
