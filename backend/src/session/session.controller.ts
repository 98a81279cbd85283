import { Body, Controller, Header, Headers, HttpCode, Inject, Post, UnauthorizedException } from '@nestjs/common';
import type { Session } from '@statewire/arena';

import { ENVIRONMENT, type Environment } from '../environment.js';
import { bearer } from './bearer.js';
import { NewSessionDto } from './new-session.dto.js';
import { TokenService } from './token.service.js';

/** Creates sessions. Every caller gets one, because the Arena has no accounts. */
@Controller('api/session')
export class SessionController {
  constructor(
    private readonly tokens: TokenService,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  @Post()
  @Header('Cache-Control', 'no-store')
  create(@Body() { name }: NewSessionDto): Promise<Session> {
    return this.tokens.issue({ playerId: this.environment.id(), name });
  }

  /** Returns a new token for an old one, even if the old one expired recently. */
  @Post('refresh')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  async refresh(@Headers('authorization') authorization?: string): Promise<Session> {
    const player = await this.tokens.read(bearer(authorization) ?? '');
    if (!player) throw new UnauthorizedException('This session is over. Start a new one with POST /api/session.');
    return this.tokens.issue(player);
  }
}
