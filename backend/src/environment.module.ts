import { Module, type DynamicModule } from '@nestjs/common';

import { ENVIRONMENT, type Environment } from './environment.js';
import { GAME_OPTIONS, type GameOptions } from './game/game-options.js';

/** Provides the environment and the rules of the game to all modules. */
@Module({})
export class EnvironmentModule {
  static forRoot(environment: Environment, game: GameOptions): DynamicModule {
    return {
      module: EnvironmentModule,
      global: true,
      providers: [
        { provide: ENVIRONMENT, useValue: environment },
        { provide: GAME_OPTIONS, useValue: game },
      ],
      exports: [ENVIRONMENT, GAME_OPTIONS],
    };
  }
}
