import { Controller, Get, Header, Headers, UnauthorizedException } from '@nestjs/common';
import type { ArenaState } from '@statewire/arena';

import { bearer } from '../session/bearer.js';
import { TokenService } from '../session/token.service.js';
import { StateService } from './state.service.js';

/** Returns the whole state in one response, for scripts without a realtime client. */
@Controller('api/state')
export class StateController {
  constructor(
    private readonly state: StateService,
    private readonly tokens: TokenService,
  ) {}

  @Get()
  @Header('Cache-Control', 'private, no-cache')
  @Header('Vary', 'Authorization')
  async get(@Headers('authorization') authorization?: string): Promise<ArenaState> {
    if (authorization === undefined) return this.state.compose();
    const player = await this.tokens.verify(bearer(authorization) ?? '');
    if (!player)
      throw new UnauthorizedException('The token is not valid. Get a new one with POST /api/session/refresh.');
    return this.state.compose(player.playerId);
  }
}
