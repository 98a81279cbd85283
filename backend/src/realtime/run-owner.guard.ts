import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { RealtimeError, type RealtimeRequest } from '@statewire/nest';

import { GameRequests } from '../game/game-requests.js';
import type { Player } from '../session/player.js';

/**
 * Allows only the player of each run, and of each battle's run, in the data. The guard runs before the validation. It
 * ignores ids without a run, which the validation or the handler rejects.
 */
@Injectable()
export class RunOwnerGuard implements CanActivate {
  constructor(private readonly game: GameRequests) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { user, data } = context.switchToHttp().getRequest<RealtimeRequest>();
    const playerId = (user as Player | undefined)?.playerId;
    // Every run in the data, because the guard does not know which one the handler uses.
    const { runId, battleId } = Object(data) as { readonly runId?: unknown; readonly battleId?: unknown };
    const ids = { runId: textOf(runId), battleId: textOf(battleId) };
    const owners = await this.game.load<readonly string[]>({ type: 'owners', ...ids });
    if (owners.some((owner) => owner !== playerId)) {
      throw new RealtimeError('forbidden', 'This is somebody else’s run. Anyone may watch, only its player may act.');
    }
    return true;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
