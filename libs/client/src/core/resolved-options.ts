import type { RealtimeClientOptions } from './options.js';

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly webSocketUrl: string;
  readonly httpBase: string;
  readonly isWebSocketEnabled: () => boolean;
  readonly polling: Required<NonNullable<RealtimeClientOptions['polling']>>;
  readonly backoff: NonNullable<RealtimeClientOptions['backoff']>;
  readonly stableAfter: number;
  readonly linger: number;
  /** Never throws. */
  readonly report: (error: unknown) => void;
}

/** @throws Error where no origin is given and there is no page to take it from. */
export function resolveOptions(options: RealtimeClientOptions): ResolvedOptions {
  const page = (globalThis as { location?: { origin?: string } }).location;
  const origin = (options.origin ?? page?.origin)?.replace(/\/$/, '');
  if (origin === undefined || !/^https?:\/\//.test(origin)) {
    throw new Error(
      'createRealtimeClient needs an origin such as "https://api.example": there is no page to take it from.',
    );
  }
  const { enabled = true } = options.webSocket ?? {};
  const { stableAfter = 10_000, ...backoff } = options.backoff ?? {};
  return {
    webSocketUrl: origin.replace(/^http/, 'ws') + (options.webSocketPath ?? '/ws'),
    httpBase: origin + (options.httpPath ?? '/realtime'),
    isWebSocketEnabled: typeof enabled === 'function' ? enabled : () => enabled,
    polling: { enabled: true, interval: 2_000, wait: 0, startAfter: 500, ...options.polling },
    backoff,
    stableAfter,
    linger: options.linger ?? 1_000,
    report: reportTo(options.onError),
  };
}

/** Where errors of the application's own functions go that nobody waits for; what the way there throws goes nowhere. */
// eslint-disable-next-line no-console -- the one place a bug of the application is sure to be seen, in browsers and Node.
function reportTo(onError: (error: unknown) => void = (error) => console.error(error)): (error: unknown) => void {
  return (error) => {
    try {
      onError(error);
    } catch {
      // There is nobody left to tell.
    }
  };
}
