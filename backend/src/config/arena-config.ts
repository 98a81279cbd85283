import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { getConfigToken } from '@nestjs/config';

import { ConfigError } from './config-error.js';
import { environmentSchema, SECRET_LENGTH } from './environment-schema.js';

/** Configuration of the server. Durations are in milliseconds. */
export type ArenaConfig = Readonly<ReturnType<typeof readConfig>>;

/** Namespace of the configuration in the `ConfigService`. */
export const ARENA = 'arena';

/** Token of the configuration: `@Inject(ARENA_CONFIG) config: ArenaConfig`. */
export const ARENA_CONFIG = getConfigToken(ARENA);

/**
 * Reads and checks the environment variables.
 *
 * @throws ConfigError naming every variable that is wrong.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>) {
  const { data, error } = environmentSchema.safeParse(environment);
  if (error) throw new ConfigError(error.issues.map(({ path: [name], message }) => problem(String(name), message)));
  return {
    port: data.PORT,
    host: data.HOST,
    webSocketEnabled: data.AF_WEBSOCKET_ENABLED,
    secret: data.ARENA_SECRET === undefined ? randomBytes(SECRET_LENGTH) : new TextEncoder().encode(data.ARENA_SECRET),
    sessionLifetime: data.ARENA_SESSION_MINUTES * 60_000,
    chaos: data.ARENA_CHAOS,
    trustedProxies: data.TRUSTED_PROXIES,
    allowedOrigins: data.ALLOWED_ORIGINS,
    drainWindow: data.ARENA_DRAIN_SECONDS * 1_000,
    pollInterval: data.ARENA_POLL_MILLISECONDS,
    heartbeatInterval: data.ARENA_HEARTBEAT_MILLISECONDS,
    healthFactor: data.ARENA_HEALTH_FACTOR,
    saveFile: data.ARENA_SAVE_FILE,
    clientDirectory: data.ARENA_CLIENT_DIR ?? fileURLToPath(new URL('../../../frontend/dist/browser', import.meta.url)),
  };

  function problem(name: string, message: string): string {
    const isSecret = name === 'ARENA_SECRET';
    return `${name} ${message}${isSecret ? '' : `, and is "${environment[name]?.trim()}"`}.`;
  }
}
