import { hkdfSync, randomBytes } from 'node:crypto';
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

/** Names the purpose of the secret that is derived from the address of the broker. */
const DERIVED_SECRET = 'statewire-arena session tokens';

/** Variables that may contain a secret. No message quotes them. */
const SECRETS = ['ARENA_BROKER', 'ARENA_SECRET'];

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
    broker: data.ARENA_BROKER,
    secret: secretOf(data.ARENA_SECRET, data.ARENA_BROKER?.url),
    isSecretDerived: data.ARENA_SECRET === undefined && data.ARENA_BROKER !== undefined,
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
    return `${name} ${message}${SECRETS.includes(name) ? '' : `, and is "${environment[name]?.trim()}"`}.`;
  }
}

/** All nodes with the same broker accept the tokens of each other. */
function secretOf(secret: string | undefined, brokerUrl: string | undefined): Uint8Array {
  if (secret !== undefined) return new TextEncoder().encode(secret);
  if (brokerUrl === undefined) return randomBytes(SECRET_LENGTH);
  return new Uint8Array(hkdfSync('sha256', brokerUrl, '', DERIVED_SECRET, SECRET_LENGTH));
}
