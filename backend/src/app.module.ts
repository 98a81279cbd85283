import { Module, ValidationPipe, type DynamicModule } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';

import { ChaosModule } from './chaos/chaos.module.js';
import type { ArenaConfig } from './config/arena-config.js';
import { ConfigModule } from './config/config.module.js';
import type { Environment } from './environment.js';
import type { GameOptions } from './game/game-options.js';
import { HealthModule } from './health/health.module.js';
import { ArenaRealtimeModule } from './realtime/arena-realtime.module.js';
import { SessionModule } from './session/session.module.js';
import { StateModule } from './state/state.module.js';

@Module({})
export class AppModule {
  static forRoot(config: ArenaConfig, environment: Environment, game: GameOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config, environment, game),
        ArenaRealtimeModule,
        SessionModule,
        StateModule,
        HealthModule,
        ...(config.chaos ? [ChaosModule] : []),
      ],
      providers: [
        {
          provide: APP_PIPE,
          useValue: new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }),
        },
      ],
    };
  }
}
