import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { AppModule } from './app.module.js';
import type { ArenaConfig } from './config/arena-config.js';
import { systemEnvironment } from './environment.js';
import { DEFAULT_GAME_OPTIONS, type GameOptions } from './game/game-options.js';
import { securityHeaders } from './web/security-headers.js';

export interface ArenaOptions {
  /** Replaces single rules of the game. For tests. */
  readonly game?: Partial<GameOptions>;
  /** Default: the logger of Nest. */
  readonly logger?: LoggerService | false;
}

/** Creates the server: HTTP API, WebSocket, polling and the built client on one port. It does not listen yet. */
export async function createArena(
  config: ArenaConfig,
  { game, logger }: ArenaOptions = {},
): Promise<NestExpressApplication> {
  const module = AppModule.forRoot(config, systemEnvironment, {
    ...DEFAULT_GAME_OPTIONS,
    partyHealthFactor: config.healthFactor,
    foeHealthFactor: config.healthFactor,
    ...game,
  });
  const app = await NestFactory.create<NestExpressApplication>(module, {
    abortOnError: false,
    ...(logger === undefined ? {} : { logger }),
  });
  configureArena(app);
  return app;
}

/** Sets up the parts of the application that belong to no module. */
export function configureArena(app: NestExpressApplication): void {
  app.use(...securityHeaders);
}
