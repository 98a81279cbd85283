import { Logger } from '@nestjs/common';
import { RealtimeOptionsError } from '@statewire/nest';

import { ArenaLogger } from './arena-logger.js';
import { readConfig } from './config/arena-config.js';
import { ConfigError } from './config/config-error.js';
import { createArena } from './create-arena.js';

try {
  const config = readConfig(process.env);
  const app = await createArena(config, { logger: new ArenaLogger() });
  app.enableShutdownHooks([], { useProcessExit: true });
  await (config.host === undefined ? app.listen(config.port) : app.listen(config.port, config.host));
  new Logger('Arena').log(`The Arena is on ${(await app.getUrl()).replace('[::1]', 'localhost')}`);
} catch (error) {
  process.stderr.write(`\n${explain(error)}\n\n`);
  process.exit(1);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof RealtimeOptionsError) return error.message;
  if (error instanceof Error && 'code' in error) {
    const port = process.env.PORT ?? '59002';
    if (error.code === 'EADDRINUSE') {
      return `Port ${port} is taken. Stop what listens there, or choose another: set PORT, for example PORT=59012.`;
    }
    if (error.code === 'EACCES')
      return `Port ${port} may not be used by this account. Choose one above 1023: set PORT.`;
    if (error.code === 'EADDRNOTAVAIL') return `HOST=${process.env.HOST} is not an address of this machine.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
