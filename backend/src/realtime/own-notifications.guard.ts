import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { RealtimeRequest } from '@statewire/nest';

import type { Player } from '../session/player.js';

/** Allows a player to read only the own notifications. */
@Injectable()
export class OwnNotificationsGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, params } = context.switchToHttp().getRequest<RealtimeRequest>();
    return user !== undefined && (user as Player).playerId === params.playerId;
  }
}
