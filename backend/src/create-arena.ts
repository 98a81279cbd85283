import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { systemEnvironment } from '@statewire/nest';

import { AppModule } from './app.module.js';
import type { ArenaConfig } from './config/arena-config.js';
import { DEFAULT_GAME_OPTIONS, type GameOptions } from './game/game-options.js';
import { securityHeaders } from './web/security-headers.js';
import { serveClient } from './web/serve-client.js';

export interface ArenaOptions {
  /** Instead of the defaults; for tests. */
  readonly game?: Partial<GameOptions>;
  /** Default: Nest's own. */
  readonly logger?: LoggerService | false;
}

/** The whole server on one port, not yet listening: HTTP API, WebSocket, polling and the built client. */
export async function createArena(
  config: ArenaConfig,
  { game, logger }: ArenaOptions = {},
): Promise<NestExpressApplication> {
  const module = AppModule.forRoot(config, systemEnvironment, { ...DEFAULT_GAME_OPTIONS, ...game });
  const app = await NestFactory.create<NestExpressApplication>(module, {
    abortOnError: false,
    ...(logger === undefined ? {} : { logger }),
  });
  configureArena(app, config);
  return app;
}

/** What is said of the application rather than of its modules. */
export function configureArena(app: NestExpressApplication, { clientDirectory }: ArenaConfig): void {
  app.disable('x-powered-by');
  app.use(securityHeaders);
  serveClient(app, clientDirectory);
}
