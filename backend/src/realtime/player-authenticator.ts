import { Injectable } from '@nestjs/common';
import type { Identity, RealtimeAuthenticator, RealtimeRequest } from '@statewire/nest';

import { TokenService } from '../session/token.service.js';

/** Verifies the token of a player's session. */
@Injectable()
export class PlayerAuthenticator implements RealtimeAuthenticator {
  constructor(private readonly tokens: TokenService) {}

  async authenticate(_request: RealtimeRequest, token: string): Promise<Identity | undefined> {
    const verified = await this.tokens.read(token);
    if (!verified) return undefined;
    const { playerId, name, expiresAt } = verified;
    return { id: playerId, expiresAt, user: { playerId, name } };
  }
}
