import { MAX_TIMER_DELAY_MS, type ClientEnvironment } from './environment.js';
import { RealtimeClientError } from './realtime-client-error.js';

/** Options of `createRealtimeClient`. Every duration is in milliseconds. */
export interface RealtimeClientOptions {
  /**
   * Scheme, host and port of the server, such as `https://api.example`, without a path. Default: the origin of the
   * page. Required in Node.
   */
  readonly origin?: string;
  /** Path of the WebSocket endpoint. Default `/ws`. */
  readonly webSocketPath?: string;
  /** Path of the HTTP binding, which serves polling. Default `/realtime`. */
  readonly httpPath?: string;
  /**
   * Returns the token that the client presents; undefined for an anonymous client. The client calls it before each
   * connection (`connect`) and each poll (`poll`), and when the server reports that the last token has expired
   * (`expired`). If it throws, rejects, returns null or an empty string, or does not settle within 10,000 ms, the
   * status is `offline` with the reason `signed-out`, and the client calls it again after 1 s, 2 s, 4 s and so on up to
   * 60 s. `reauthenticate()` ends the wait. Default: anonymous.
   */
  readonly token?: (reason: 'connect' | 'expired' | 'poll') => string | undefined | Promise<string | undefined>;
  /** The WebSocket transport. */
  readonly webSocket?: {
    /** `false` makes the client poll. The client calls a function before each attempt. Default true. */
    readonly enabled?: boolean | (() => boolean);
  };
  /** The HTTP fallback. */
  readonly polling?: {
    /** `false` keeps the client from polling; without a WebSocket it is then offline. Default true. */
    readonly enabled?: boolean;
    /** Time from the start of one poll to the start of the next. Default 2,000. The server's `config` may raise it. */
    readonly intervalMs?: number;
    /**
     * Time for which the server holds a poll until there is news, at most 25,000. One page of a browser holds a poll at
     * a time, and needs Web Locks for it; the others poll at the interval. Default 0: the server answers at once.
     */
    readonly waitMs?: number;
    /** Time that a connection attempt may take before polling starts. Default 500. */
    readonly startAfterMs?: number;
  };
  /** Delays between connection attempts. Each failure in a row doubles the random part of the delay. */
  readonly backoff?: {
    /** Base delay after a network failure. Default 300. */
    readonly networkMs?: number;
    /** Base delay after a failure that the server reported. Default 1,000. */
    readonly serverMs?: number;
    /** Base delay after the server reported that it is overloaded. Default 3,000. */
    readonly overloadMs?: number;
    /** Maximum delay. Default 30,000. The server may request a longer one, up to an hour. */
    readonly maxMs?: number;
    /** A connection that lasted this long resets the number of failures. Default 10,000. */
    readonly stableAfterMs?: number;
  };
  /**
   * Version of the application's contract, an integer from 1. Raise it with each change that older pages cannot handle,
   * and set `minContract` of the server. Default: none, which counts as older than every version.
   */
  readonly contractVersion?: number;
  /**
   * Called once, when the server says that it supports only newer contracts than `contractVersion`. `minContract` is
   * the oldest that it supports. `status.outdated` is then true. Default: nothing.
   */
  readonly onOutdated?: (minContract: number) => void;
  /** Time for which a topic stays subscribed after its last subscriber left. Default 1,000. 0 unsubscribes at once. */
  readonly lingerMs?: number;
  /**
   * Time after the last use until the client disconnects. A use is a subscription or an unanswered action. The next use
   * connects again. Default 0: the client stays connected.
   */
  readonly disconnectAfterMs?: number;
  /**
   * Receives the errors that nothing else handles: those of optimistic updates, and of actions without a subscriber.
   * Default: `console.error`.
   */
  readonly onError?: (error: unknown) => void;
  /** Replaces parts of `browserEnvironment()`. */
  readonly environment?: Partial<ClientEnvironment>;
}

/** The options with every default filled in. */
export interface ResolvedOptions {
  readonly webSocketUrl: string;
  readonly httpBase: string;
  readonly isWebSocketEnabled: () => boolean;
  readonly polling: Required<NonNullable<RealtimeClientOptions['polling']>>;
  readonly backoff: Required<NonNullable<RealtimeClientOptions['backoff']>>;
  readonly lingerMs: number;
  readonly disconnectAfterMs: number;
  readonly contract: number | undefined;
  readonly onOutdated: RealtimeClientOptions['onOutdated'];
  /** Reports an error of one of the application's own functions. Never throws. */
  readonly reportError: (error: unknown) => void;
}

const POLLING: ResolvedOptions['polling'] = { enabled: true, intervalMs: 2_000, waitMs: 0, startAfterMs: 500 };

export const BACKOFF: ResolvedOptions['backoff'] = {
  networkMs: 300,
  serverMs: 1_000,
  overloadMs: 3_000,
  maxMs: 30_000,
  stableAfterMs: 10_000,
};

/** The names of all options. */
const NAMES: Readonly<Record<keyof RealtimeClientOptions, 0>> = {
  ...{ origin: 0, webSocketPath: 0, httpPath: 0, token: 0, webSocket: 0, polling: 0, backoff: 0 },
  ...{ lingerMs: 0, disconnectAfterMs: 0, onError: 0, environment: 0, contractVersion: 0, onOutdated: 0 },
};

/**
 * Fills in the defaults.
 *
 * @throws RealtimeClientError `invalid_option` if there is no such option, if a duration is no number of milliseconds
 * from 0 to 2,147,483,647, if a path does not start with `/`, or if `origin` is no http or https origin, has a path, or
 * is missing where no page has one.
 */
export function resolveOptions(options: RealtimeClientOptions): ResolvedOptions {
  const page = (globalThis as { location?: { origin?: string } }).location;
  const origin = (options.origin ?? page?.origin)?.replace(/\/$/, '');
  if (origin === undefined || !/^https?:\/\/[^/?#]+$/.test(origin)) {
    throw invalid('origin', 'be scheme and host without a path, such as "https://api.example"', origin);
  }
  checkNames('', options, NAMES);
  checkNames('webSocket.', options.webSocket, { enabled: 0 });
  checkNames('polling.', options.polling, POLLING);
  checkNames('backoff.', options.backoff, BACKOFF);
  const { enabled = true } = options.webSocket ?? {};
  const polling = { ...POLLING, ...withoutUndefined(options.polling) };
  const backoff = { ...BACKOFF, ...withoutUndefined(options.backoff) };
  const { lingerMs = 1_000, disconnectAfterMs = 0, webSocketPath = '/ws', httpPath = '/realtime' } = options;
  checkDurations('', { lingerMs, disconnectAfterMs });
  checkDurations('polling.', polling);
  checkDurations('backoff.', backoff);
  checkPaths({ webSocketPath, httpPath });
  const { contractVersion: contract, onOutdated } = options;
  if (contract !== undefined && !(contract >= 1 && Number.isSafeInteger(contract))) {
    throw invalid('contractVersion', 'be an integer from 1', contract);
  }
  return {
    webSocketUrl: origin.replace(/^http/, 'ws') + webSocketPath,
    httpBase: origin + httpPath,
    isWebSocketEnabled: typeof enabled === 'function' ? enabled : () => enabled,
    polling,
    backoff,
    lingerMs,
    disconnectAfterMs,
    contract,
    onOutdated,
    reportError: reportTo(options.onError),
  };
}

/** Rejects names that no option has, such as misspelt ones, because they would have no effect. */
function checkNames(group: string, given: object = {}, names: object): void {
  for (const name of Object.keys(given)) {
    if (name in names) continue;
    const message = `There is no option ${group + name}. The options are ${Object.keys(names).join(', ')}.`;
    throw new RealtimeClientError('invalid_option', message);
  }
}

/**
 * Checks the options whose name ends in `Ms`. A timer with an invalid delay fires at once, and would flood the server.
 */
function checkDurations(group: string, durations: object): void {
  for (const [name, value] of Object.entries(durations) as [string, unknown][]) {
    if (!name.endsWith('Ms') || (typeof value === 'number' && value >= 0 && value <= MAX_TIMER_DELAY_MS)) continue;
    throw invalid(group + name, `be from 0 to ${MAX_TIMER_DELAY_MS} milliseconds`, value);
  }
}

/** Checks the paths, which are appended to the origin. */
function checkPaths(paths: Readonly<Record<string, string>>): void {
  for (const [name, path] of Object.entries(paths)) {
    if (!path.startsWith('/')) throw invalid(name, 'start with "/"', path);
  }
}

function invalid(option: string, expected: string, got: unknown): RealtimeClientError {
  return new RealtimeClientError('invalid_option', `The option ${option} must ${expected}, got ${String(got)}.`);
}

function withoutUndefined<T extends object>(given: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;
}

// eslint-disable-next-line no-console -- developers look for errors of their own code on the console.
function reportTo(onError: (error: unknown) => void = (error) => console.error(error)): (error: unknown) => void {
  return (error) => {
    try {
      onError(error);
    } catch {
      // There is no further handler for an error of the error handler.
    }
  };
}
