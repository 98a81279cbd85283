import { Module, type DynamicModule } from '@nestjs/common';

import { ENVIRONMENT, type Environment } from '../environment.js';
import { GAME_OPTIONS, type GameOptions } from '../game/game-options.js';
import type { ArenaConfig } from './arena-config.js';

export const ARENA_CONFIG = Symbol('arena:config');

/** What everything else is made with. */
@Module({})
export class ConfigModule {
  static forRoot(config: ArenaConfig, environment: Environment, game: GameOptions): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [
        { provide: ARENA_CONFIG, useValue: config },
        { provide: ENVIRONMENT, useValue: environment },
        { provide: GAME_OPTIONS, useValue: game },
      ],
      exports: [ARENA_CONFIG, ENVIRONMENT, GAME_OPTIONS],
    };
  }
}
