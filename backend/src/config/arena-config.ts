import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { ConfigError } from './config-error.js';

/** What the environment decides about the server. */
export interface ArenaConfig {
  /** `PORT`. Default 59002; 0 takes any free one. */
  readonly port: number;
  /** `HOST`, the address to listen on. Default: all of them. */
  readonly host: string | undefined;
  /** `AF_WEBSOCKET_ENABLED`. Default true; false makes clients poll. */
  readonly webSocketEnabled: boolean;
  /**
   * `ARENA_SECRET`, ≥ 32 characters, signs session tokens. Default: a fresh one, so that sessions end with the process
   * and only one process can serve.
   */
  readonly secret: Uint8Array;
  /** `ARENA_SESSION_MINUTES`. Default 60; in milliseconds here. */
  readonly sessionLifetime: number;
  /** `ARENA_CHAOS`: lets visitors break their own connection. Default false; never in public. */
  readonly chaos: boolean;
  /** `TRUSTED_PROXIES`, addresses or CIDR blocks separated by commas, or `loopback`. Default: none. */
  readonly trustedProxies: readonly string[];
  /** `ALLOWED_ORIGINS`, separated by commas. Default: the origin the page itself came from. */
  readonly allowedOrigins: readonly string[] | undefined;
  /** `ARENA_DRAIN_SECONDS`, the time over which clients are sent away at shutdown. Default 5; in milliseconds here. */
  readonly drainWindow: number;
  /** `ARENA_POLL_MILLISECONDS`, from one poll of a client to its next. Default 2000. */
  readonly pollInterval: number;
  /**
   * `ARENA_HEARTBEAT_MILLISECONDS`, below the idle timeout of any proxy in front. Default 30000.
   */
  readonly heartbeatInterval: number;
  /**
   * `ARENA_SAVE_FILE`, where a server that stops leaves its runs to the next. With an `ARENA_SECRET` a deploy ends nothing
   * then. Default: none, and runs end with the process.
   */
  readonly saveFile: string | undefined;
  /** `ARENA_CLIENT_DIR`, the built Angular client. */
  readonly clientDirectory: string;
}

const SECRET_LENGTH = 32;

/** Reads and checks everything at once, so that one message names everything that is wrong. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): ArenaConfig {
  const problems: string[] = [];
  const read = <T>(name: string, fallback: T, parse: (text: string) => T | undefined, expected: string): T => {
    const text = environment[name]?.trim();
    if (!text) return fallback;
    const value = parse(text);
    if (value === undefined) problems.push(`${name} must be ${expected}, and is "${text}".`);
    return value ?? fallback;
  };
  const secret = environment.ARENA_SECRET;
  if (secret && secret.length < SECRET_LENGTH) {
    problems.push(`ARENA_SECRET must have at least ${SECRET_LENGTH} characters, and has ${secret.length}.`);
  }
  const config: ArenaConfig = {
    port: read('PORT', 59_002, integer(0, 65_535), 'a port, 0 to 65535'),
    host: environment.HOST?.trim() || undefined,
    webSocketEnabled: read('AF_WEBSOCKET_ENABLED', true, boolean, 'true or false'),
    secret: secret ? new TextEncoder().encode(secret) : randomBytes(SECRET_LENGTH),
    sessionLifetime: read('ARENA_SESSION_MINUTES', 60, integer(1, 1_440), 'minutes, 1 to 1440') * 60_000,
    chaos: read('ARENA_CHAOS', false, boolean, 'true or false'),
    trustedProxies: list(environment.TRUSTED_PROXIES) ?? [],
    allowedOrigins: list(environment.ALLOWED_ORIGINS),
    drainWindow: read('ARENA_DRAIN_SECONDS', 5, integer(0, 60), 'seconds, 0 to 60') * 1_000,
    pollInterval: read('ARENA_POLL_MILLISECONDS', 2_000, integer(50, 60_000), 'milliseconds, 50 to 60000'),
    heartbeatInterval: read(
      'ARENA_HEARTBEAT_MILLISECONDS',
      30_000,
      integer(100, 300_000),
      'milliseconds, 100 to 300000',
    ),
    saveFile: environment.ARENA_SAVE_FILE?.trim() || undefined,
    clientDirectory:
      environment.ARENA_CLIENT_DIR?.trim() || fileURLToPath(new URL('../../../frontend/dist/browser', import.meta.url)),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function integer(low: number, high: number): (text: string) => number | undefined {
  return (text) => {
    const value = Number(text);
    return Number.isInteger(value) && value >= low && value <= high ? value : undefined;
  };
}

function boolean(text: string): boolean | undefined {
  if (['true', '1', 'on', 'yes'].includes(text.toLowerCase())) return true;
  return ['false', '0', 'off', 'no'].includes(text.toLowerCase()) ? false : undefined;
}

function list(text: string | undefined): readonly string[] | undefined {
  const entries = (text ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return entries.length > 0 ? entries : undefined;
}
