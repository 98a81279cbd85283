import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { RealtimeError, type RealtimeRequest } from '@statewire/nest';

/** Requires a session. */
@Injectable()
export class PlayerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToHttp().getRequest<RealtimeRequest>();
    if (user === undefined) throw new RealtimeError('unauthorized', 'Start a session first: POST /api/session.');
    return true;
  }
}
