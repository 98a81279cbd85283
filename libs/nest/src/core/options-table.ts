import type { CanActivate } from '@nestjs/common';
import { isIP } from 'node:net';

import type { MemoryBrokerOptions, RealtimeLimits, ResolvedRealtimeOptions } from './options.js';

/** One option: its default, the values it accepts, and what it does. */
export interface OptionSpec<T> {
  readonly default: T;
  /** The accepted values, in words that follow "must be". */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** The line of the README. */
  readonly about: string;
  /** Errors do not show the value. */
  readonly isSecret?: boolean;
}

type Group<T> = { readonly [Name in keyof T]: OptionSpec<T[Name]> };

/** Options that the table does not hold: objects of the application that are no plain values. */
type Unlisted = 'environment';
type GroupName = 'heartbeat' | 'polling' | 'httpPublish' | 'history' | 'drain' | 'presence';

export type OptionTable = {
  readonly [Name in Exclude<keyof ResolvedRealtimeOptions, Unlisted | 'limits'>]: Name extends GroupName
    ? Group<ResolvedRealtimeOptions[Name]>
    : OptionSpec<ResolvedRealtimeOptions[Name]>;
} & { readonly limits: { readonly [Name in keyof RealtimeLimits]: Group<RealtimeLimits[Name]> } };

const KiB = 1024;

/** Node fires timers above this number of milliseconds at once. */
const MAX_INTEGER = 2_147_483_647;

const ENHANCERS = ['guards', 'pipes', 'interceptors', 'filters'];

/**
 * Every option of `RealtimeModule.forRoot` with its default. Reading, checking and the table of the README come from
 * here. Durations are milliseconds, sizes are bytes.
 */
export const OPTION_TABLE: OptionTable = {
  path: option('/ws', 'a path like "/ws"', isPath, 'Path of the WebSocket.'),
  httpPath: option('/realtime', 'a path like "/realtime"', isPath, 'Prefix of the HTTP binding.'),
  enabled: flag(true, 'Feature flag. `false` rejects upgrades with 503; clients poll.'),
  authenticate: option<ResolvedRealtimeOptions['authenticate']>(
    undefined,
    'a function',
    isFunction,
    'Verifies credentials. Without it every caller is anonymous.',
  ),
  authenticator: option<ResolvedRealtimeOptions['authenticator']>(
    undefined,
    'a class with a method authenticate(request, token)',
    isAuthenticator,
    'Class that verifies credentials, instead of `authenticate`.',
  ),
  cookie: option<string | undefined>(
    undefined,
    'the name of a cookie',
    isCookieName,
    'Cookie whose value is a token, for pages on the same site. Needs `authenticate` or `authenticator`.',
  ),
  connectionGuards: option([], 'a list of guards', isGuards, 'Guards that run when a client connects.'),
  allowedOrigins: option<readonly string[] | undefined>(
    undefined,
    'origins like ["https://play.example"]',
    isOrigins,
    'Exact origins. Without it: the origin whose host equals the `Host` of the request.',
  ),
  allowAnyOrigin: flag(false, 'Accepts every origin.'),
  trustedProxies: option(
    [],
    'addresses, CIDR blocks or "loopback"',
    isProxies,
    'Proxies whose `X-Forwarded-For` and `X-Forwarded-Host` the server believes.',
  ),
  heartbeat: {
    intervalMs: integer(30_000, 1, 'Silence after which the server sends a `ping`.'),
    timeoutMs: integer(10_000, 1, 'Time for the answer; then the connection ends.'),
  },
  polling: { intervalMs: integer(2_000, 1, 'Time between the starts of two polls; sent to clients.') },
  httpPublish: {
    tokens: {
      ...option<readonly string[]>(
        [],
        'a list of tokens of at least 32 characters, without spaces',
        isServiceTokens,
        'Tokens of services that may `POST {httpPath}/publish`. Without any, the route does not exist.',
      ),
      isSecret: true,
    },
  },
  actionWindowMs: integer(120_000, 1, 'Time for which the broker remembers an unconfirmed answer of an action.'),
  minContract: integer(0, 0, 'Oldest `contractVersion` of clients that are not outdated; told to clients. 0: any.'),
  globalEnhancers: option(
    ['guards', 'pipes'],
    `some of ${ENHANCERS.join(', ')}`,
    isEnhancers,
    'Global enhancers of the application that apply to topics and actions.',
  ),
  history: {
    count: integer(1_024, 0, 'Publications that the memory broker keeps of a topic.'),
    bytes: integer(KiB * KiB, 0, 'Bytes that the memory broker keeps of a topic.'),
    ageMs: integer(300_000, 0, 'Age up to which the memory broker keeps publications and idle topics.'),
  },
  limits: {
    frames: {
      bytes: integer(
        64 * KiB,
        0,
        'Largest action. Above: `too_large`, or closed with 1009. Other frames may have at least 16 KiB.',
      ),
      depth: integer(32, 0, 'Deepest nesting of JSON. Above: `too_large`.'),
      perSecond: integer(
        20,
        0,
        'Frames per second of a connection; bursts of twice as many pass. Above: `too_many_requests`.',
      ),
      perSecondPerUser: integer(
        200,
        0,
        'Frames and requests per second of a user; bursts of twice as many pass. Above: `too_many_requests`, 429.',
      ),
      perSecondPerAddress: integer(4_000, 0, 'The same for an address.'),
      rejected: integer(100, 0, 'Frames above these rates in 10 s. Above: closed with 4100.'),
      malformed: integer(10, 0, 'Malformed frames in 10 s. Above: closed with 4000.'),
      waiting: integer(64, 0, 'Frames of a connection that wait for their turn. Above: `too_many_requests`.'),
      pipelined: integer(256, 0, 'Frames that wait for the answer to `hello`. Above: the server stops reading.'),
      pipelinedBytes: integer(
        256 * KiB,
        0,
        'Bytes that wait for the answer to `hello`. Above: the server stops reading.',
      ),
      publicationBytes: integer(256 * KiB, 0, 'Largest published value. Above: `publish` rejects.'),
    },
    connections: {
      perUser: integer(
        20,
        0,
        'Connections of a user. Above: 429, or closed with 1013 after `hello`; the client polls.',
      ),
      perAddress: integer(200, 0, 'Connections of an address. Above: 429.'),
      newPerSecondPerUser: integer(
        20,
        0,
        'New connections per second of a user; bursts of twice `perUser` pass. Above: as `perUser`.',
      ),
      newPerSecondPerAddress: integer(
        50,
        0,
        'New connections per second of an address; bursts of `perAddress` pass. Above: 429.',
      ),
      pendingPerAddress: integer(20, 0, 'Connections of an address that are not admitted yet. Above: 429.'),
      subscriptions: integer(
        128,
        0,
        'Topics of a connection, and new topics per second. Above: `too_many_subscriptions`.',
      ),
    },
    outbox: {
      softMarkBytes: integer(64 * KiB, 0, 'Bytes that wait for a connection. Above: its state topics conflate.'),
      hardMarkBytes: integer(KiB * KiB, 0, 'Bytes that wait for a connection. Above: closed with 4101.'),
      totalBytes: integer(
        256 * KiB * KiB,
        0,
        'Bytes that wait for all connections of the node. Above: the slowest readers are closed with 4101.',
      ),
    },
    timeouts: {
      headMs: integer(9_000, 0, 'Time for the head of a request. Above: 408, on every path of the server.'),
      helloMs: integer(5_000, 0, 'Time for `hello` to arrive. Above: closed with 4001.'),
      authenticationMs: integer(
        10_000,
        0,
        'Time to verify credentials. Above: closed with 4102; guards of a topic and `authenticate`: `timeout`.',
      ),
      loadMs: integer(2_000, 0, 'Time for the first value of a topic. Above: `unavailable`.'),
      actionMs: integer(30_000, 0, 'Time for the handler of an action. Above: `timeout`.'),
      stalledMs: integer(10_000, 0, 'Time in which a reader takes nothing. Above: closed with 4101.'),
      lingerMs: integer(60_000, 0, 'Time without a subscriber after which the node releases a topic.'),
    },
  },
  drain: {
    windowMs: integer(
      5_000,
      0,
      'Clients reconnect at a random moment of this window. 0: at once, and the port is free at once; this is the default ' +
        'unless `NODE_ENV` is `production`.',
    ),
    batch: integer(100, 1, 'Connections that get the drain frame together.'),
  },
  presence: {
    graceMs: integer(10_000, 0, 'Time for which a member stays after its connection ended.'),
    intervalMs: integer(250, 0, 'Shortest pause between two publications of a presence topic.'),
    members: integer(100, 0, 'Members in the list; all others are only counted. Lower where fewer fit.'),
    infoBytes: integer(KiB, 1, 'Largest JSON of one member.'),
  },
};

/** Every option of `memoryBroker()` with its default. */
export const MEMORY_BROKER_TABLE: Group<Required<MemoryBrokerOptions>> = {
  separateProcesses: flag(false, 'Starts as one of several processes, each with topics of its own.'),
  maxIdleTopics: integer(20_000, 0, 'Topics without listeners. Above: the broker forgets the least recently used one.'),
  maxIdleBytes: integer(64 * KiB * KiB, 0, 'Bytes of those topics, approximately. Above: the same.'),
  maxClaims: integer(
    100_000,
    0,
    'Running and unconfirmed actions. Above: `unavailable`; over the share of a caller: `too_many_requests`.',
  ),
  maxAnswerCharacters: integer(64 * KiB * KiB, 0, 'Characters of these answers. Above: the same.'),
};

export function isOption(entry: object): entry is OptionSpec<unknown> {
  return 'accepts' in entry;
}

function option<T>(fallback: T, expected: string, accepts: (value: unknown) => boolean, about: string): OptionSpec<T> {
  return { default: fallback, expected, accepts, about };
}

function flag(fallback: boolean, about: string): OptionSpec<boolean> {
  return option(fallback, 'true or false', (value) => typeof value === 'boolean', about);
}

function integer(fallback: number, min: number, about: string): OptionSpec<number> {
  const accepts = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= MAX_INTEGER;
  return option(fallback, `an integer from ${min} to ${MAX_INTEGER}`, accepts, about);
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && /^(\/[A-Za-z0-9._~-]+)+$/.test(value);
}

function isListOf(value: unknown, accepts: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(accepts);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function isAuthenticator(value: unknown): boolean {
  const instance = (isFunction(value) ? (value as { prototype?: unknown }).prototype : value) as
    { authenticate?: unknown } | null | undefined;
  return isFunction(instance?.authenticate);
}

function isCookieName(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(value);
}

function isServiceTokens(value: unknown): boolean {
  return isListOf(value, (token) => typeof token === 'string' && /^[\x21-\x7e]{32,}$/.test(token));
}

function isGuards(value: unknown): boolean {
  return isListOf(
    value,
    (guard) => isFunction(guard) || isFunction((guard as Partial<CanActivate> | null)?.canActivate),
  );
}

function isOrigins(value: unknown): boolean {
  return isListOf(value, (text) => typeof text === 'string' && isOrigin(text));
}

/** The origin of a website, of the shell of an application such as `capacitor://localhost`, or `null`. */
function isOrigin(text: string): boolean {
  if (text === 'null') return true;
  if (!URL.canParse(text)) return false;
  const { origin, protocol, host } = new URL(text);
  // URLs of other schemes have the opaque origin `null`, but browsers send their scheme and host.
  return text === origin || (origin === 'null' && host !== '' && text === `${protocol}//${host.toLowerCase()}`);
}

function isProxies(value: unknown): boolean {
  return isListOf(value, (proxy) => typeof proxy === 'string' && isProxy(proxy));
}

function isProxy(value: string): boolean {
  if (value === 'loopback') return true;
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function isEnhancers(value: unknown): boolean {
  return isListOf(value, (enhancer) => typeof enhancer === 'string' && ENHANCERS.includes(enhancer));
}
