import { Module } from '@nestjs/common';
import { RealtimeModule, type RealtimeModuleOptions } from '@statewire/nest';

import { ARENA_CONFIG, type ArenaConfig } from '../config/arena-config.js';
import { ENVIRONMENT, type Environment } from '../environment.js';
import { GameModule } from '../game/game.module.js';
import { SessionModule } from '../session/session.module.js';
import { TokenService } from '../session/token.service.js';
import { BattleRealtime } from './battle.realtime.js';
import { LobbyRealtime } from './lobby.realtime.js';
import { NotificationRealtime } from './notification.realtime.js';
import { RunRealtime } from './run.realtime.js';

/** What the Arena asks of the realtime module. */
export function realtimeOptions(
  config: ArenaConfig,
  tokens: TokenService,
  environment: Environment,
): RealtimeModuleOptions {
  return {
    enabled: config.webSocketEnabled,
    trustedProxies: config.trustedProxies,
    ...(config.allowedOrigins ? { allowedOrigins: config.allowedOrigins } : {}),
    polling: { intervalMs: config.pollInterval },
    heartbeat: { intervalMs: config.heartbeatInterval },
    drain: { windowMs: config.drainWindow },
    environment,
    authenticate: async (_request, token) => {
      const verified = await tokens.read(token);
      if (!verified) return undefined;
      const { playerId, name, expiresAt } = verified;
      return { id: playerId, expiresAt, user: { playerId, name } };
    },
  };
}

@Module({
  imports: [
    RealtimeModule.forRootAsync({
      imports: [SessionModule],
      inject: [ARENA_CONFIG, TokenService, ENVIRONMENT],
      useFactory: realtimeOptions,
    }),
    GameModule,
  ],
  providers: [BattleRealtime, LobbyRealtime, NotificationRealtime, RunRealtime],
})
export class ArenaRealtimeModule {}
