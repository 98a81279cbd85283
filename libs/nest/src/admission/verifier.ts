import { HttpException } from '@nestjs/common';

import { withDeadline } from '../core/deadline.js';
import type { Identity, RealtimeRequest } from '../core/realtime-request.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import type { ReceivedRequest } from '../core/incoming-request.js';
import { withToken } from './with-token.js';

type VerifierOptions = Pick<ResolvedRealtimeOptions, 'authenticate' | 'limits' | 'environment'>;

/** As milliseconds it is in 1973, before any token; as seconds, in 5138. */
const SECONDS_AT_MOST = 100_000_000_000;

/** Milliseconds after which whoever verifies may answer again. An action that is told so is sent again, not failed. */
const RETRY_AFTER = 5_000;

/** Asks the application whose token it is. */
export class Verifier {
  private readonly warned = new Set<string>();

  constructor(
    private readonly options: VerifierOptions,
    private readonly warn: (reason: string) => void,
  ) {}

  /**
   * @returns undefined where the application has no `authenticate`: every caller is anonymous then.
   * @throws RealtimeError `unauthorized`, with `details: { expired: true }` where a new token would do; `unavailable`
   * where the application did not answer in time or could not.
   */
  async verify(
    received: ReceivedRequest,
    token: string,
    admission: RealtimeRequest['admission'],
  ): Promise<Identity | undefined> {
    const { authenticate, environment, limits } = this.options;
    if (!authenticate) return undefined;
    let identity: Identity | null | undefined;
    try {
      // An async function, because `authenticate` may throw before it returns a promise.
      const work = (async () => authenticate(requestOf(received, token, admission), token))();
      identity = await withDeadline(environment, limits.authenticationTimeout, work);
    } catch (error) {
      throw refusalOf(error);
    }
    // Plain JavaScript says so too.
    if (identity === undefined || identity === null) throw refused();
    if (typeof identity.id !== 'string' || identity.id === '') {
      this.warnOnce('authenticate must return { id: string, user, expiresAt? } with an id that is not empty. Refused.');
      throw refused();
    }
    this.checkExpiry(identity.expiresAt);
    return identity;
  }

  private checkExpiry(expiresAt: unknown): void {
    if (expiresAt === undefined) return;
    if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) {
      this.warnOnce('expiresAt of authenticate must be a moment in milliseconds, or left out. Refused.');
      throw refused();
    }
    if (expiresAt > this.options.environment.now()) return;
    if (expiresAt < SECONDS_AT_MOST) {
      this.warnOnce('expiresAt of authenticate looks like seconds, and milliseconds are meant: exp * 1000. Refused.');
    }
    throw expired();
  }

  /** Whoever has a token can have it refused as often as it likes. */
  private warnOnce(reason: string): void {
    if (this.warned.has(reason)) return;
    this.warned.add(reason);
    this.warn(reason);
  }
}

function refusalOf(error: unknown): RealtimeError {
  if (error instanceof RealtimeError) return error.code === 'timeout' ? unavailable(error) : error;
  if (error instanceof HttpException && error.getStatus() >= 500) return unavailable(error);
  return isExpiry(error) ? expired(error) : refused(error);
}

/** What libraries for JWTs throw: jose, and jsonwebtoken with those built on it. */
function isExpiry(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'TokenExpiredError' || ('code' in error && error.code === 'ERR_JWT_EXPIRED');
}

function refused(cause?: unknown): RealtimeError {
  return new RealtimeError('unauthorized', 'The credentials were refused.', { cause });
}

function expired(cause?: unknown): RealtimeError {
  return new RealtimeError('unauthorized', 'The credentials have expired.', { details: { expired: true }, cause });
}

function unavailable(cause: unknown): RealtimeError {
  const message = 'The credentials cannot be verified right now.';
  return new RealtimeError('unavailable', message, { retryAfter: RETRY_AFTER, cause });
}

function requestOf(
  { headers, cookies, ip }: ReceivedRequest,
  token: string,
  admission: RealtimeRequest['admission'],
): RealtimeRequest {
  return {
    headers: withToken(headers, token),
    cookies,
    ip,
    user: undefined,
    params: {},
    body: undefined,
    data: undefined,
    admission,
  };
}
