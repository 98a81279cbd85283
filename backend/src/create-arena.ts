import { Logger, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { AppModule } from './app.module.js';
import type { ArenaConfig } from './config/arena-config.js';
import { systemEnvironment } from './environment.js';
import { DEFAULT_GAME_OPTIONS, type GameOptions } from './game/game-options.js';
import { securityHeaders } from './web/security-headers.js';

const DERIVED_SECRET_WARNING =
  'Set ARENA_SECRET to the same random text on all nodes. Now each reader of ARENA_BROKER can sign session tokens.';

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
  if (config.isSecretDerived) new Logger('Arena').warn(DERIVED_SECRET_WARNING);
  return app;
}

/** Sets up the parts of the application that belong to no module. */
export function configureArena(app: NestExpressApplication): void {
  app.use(...securityHeaders);
}
