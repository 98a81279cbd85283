import { Body, Controller, Get, Headers, HttpCode, Post, UnauthorizedException } from '@nestjs/common';
import type { ChaosState, Session } from '@statewire/arena';
import { RealtimeSwitch } from '@statewire/nest';

import { bearer } from '../session/bearer.js';
import { TokenService } from '../session/token.service.js';
import { ChaosWebSocketDto } from './chaos.dto.js';

/** Long enough to use the token, short enough to watch it expire. */
const SHORT_SESSION = 3_000;

/** Causes real faults, so that visitors see the reaction of the client. Imported only with `ARENA_CHAOS=true`. */
@Controller('api/chaos')
export class ChaosController {
  constructor(
    private readonly tokens: TokenService,
    private readonly webSocket: RealtimeSwitch,
  ) {}

  @Get()
  state(): ChaosState {
    return { websocket: this.webSocket.enabled };
  }

  /** Switches the WebSocket off or on for all clients. */
  @Post('websocket')
  @HttpCode(200)
  async setWebSocket(@Body() { enabled }: ChaosWebSocketDto): Promise<ChaosState> {
    await this.webSocket.set(enabled);
    return this.state();
  }

  /** A token of the same player that expires in seconds. */
  @Post('token')
  @HttpCode(200)
  async shorten(@Headers('authorization') authorization?: string): Promise<Session> {
    const player = await this.tokens.verify(bearer(authorization) ?? '');
    if (!player) throw new UnauthorizedException('Only a session can be shortened: send its token.');
    return this.tokens.issue(player, SHORT_SESSION);
  }
}
