import { Module } from '@nestjs/common';
import { RealtimeModule, type RealtimeModuleOptions } from '@statewire/nest';

import { ARENA_CONFIG, type ArenaConfig } from '../config/arena-config.js';
import { sharedBroker } from '../config/shared-broker.js';
import { ENVIRONMENT, type Environment } from '../environment.js';
import { GameModule } from '../game/game.module.js';
import { SessionModule } from '../session/session.module.js';
import { BattleRealtime } from './battle.realtime.js';
import { GameRealtime } from './game.realtime.js';
import { LobbyRealtime } from './lobby.realtime.js';
import { PlayerAuthenticator } from './player-authenticator.js';
import { NotificationRealtime } from './notification.realtime.js';
import { RunRealtime } from './run.realtime.js';

/** The Arena's options of the realtime module. */
function realtimeOptions(config: ArenaConfig, environment: Environment): RealtimeModuleOptions {
  return {
    enabled: config.webSocketEnabled,
    trustedProxies: config.trustedProxies,
    ...(config.allowedOrigins ? { allowedOrigins: config.allowedOrigins } : {}),
    polling: { intervalMs: config.pollInterval },
    heartbeat: { intervalMs: config.heartbeatInterval },
    drain: { windowMs: config.drainWindow },
    ...(config.broker ? { broker: sharedBroker(config.broker) } : {}),
    environment,
    authenticator: PlayerAuthenticator,
  };
}

@Module({
  imports: [
    RealtimeModule.forRootAsync({
      inject: [ARENA_CONFIG, ENVIRONMENT],
      useFactory: realtimeOptions,
    }),
    GameModule,
    SessionModule,
  ],
  providers: [PlayerAuthenticator, BattleRealtime, GameRealtime, LobbyRealtime, NotificationRealtime, RunRealtime],
})
export class ArenaRealtimeModule {}
