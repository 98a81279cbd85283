import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { RealtimeError, type RealtimeRequest } from '@statewire/nest';

import { BattleService } from '../game/battle.service.js';
import { RunService } from '../game/run.service.js';
import type { Player } from '../session/player.js';

/**
 * Allows only the player of each run, and of each battle's run, in the data. The guard runs before the validation. It
 * ignores ids without a run, which the validation or the handler rejects.
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

  /** Checks every run in the data, because the guard does not know which one the handler uses. */
  #ownersOf(data: RealtimeRequest['data']): readonly string[] {
    const { runId, battleId } = Object(data) as { readonly runId?: unknown; readonly battleId?: unknown };
    const ids = [runId, typeof battleId === 'string' ? this.battles.snapshot(battleId)?.runId : undefined];
    return ids.flatMap((id) => (typeof id === 'string' ? (this.runs.snapshot(id)?.player.playerId ?? []) : []));
  }
}
