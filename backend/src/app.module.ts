import { Module, ValidationPipe, type DynamicModule } from '@nestjs/common';
import { ConfigModule, registerAs } from '@nestjs/config';
import { APP_PIPE } from '@nestjs/core';

import { ChaosModule } from './chaos/chaos.module.js';
import { ARENA, type ArenaConfig } from './config/arena-config.js';
import type { Environment } from './environment.js';
import { EnvironmentModule } from './environment.module.js';
import type { GameOptions } from './game/game-options.js';
import { HealthModule } from './health/health.module.js';
import { ArenaRealtimeModule } from './realtime/arena-realtime.module.js';
import { SessionModule } from './session/session.module.js';
import { StateModule } from './state/state.module.js';
import { WebModule } from './web/web.module.js';

@Module({})
export class AppModule {
  static forRoot(config: ArenaConfig, environment: Environment, game: GameOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // The configuration is passed in, because one process of the tests runs several servers.
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          load: [registerAs(ARENA, () => config)],
        }),
        EnvironmentModule.forRoot(environment, game),
        ArenaRealtimeModule,
        SessionModule,
        StateModule,
        HealthModule,
        WebModule.forRoot(config.clientDirectory),
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
