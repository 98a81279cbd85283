import { HttpException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';

import type { ReceivedRequest } from '../core/incoming-request.js';
import { RealtimeError } from '../core/errors.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { CallerContext, Identity, RealtimeRequest } from '../core/realtime-request.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { withDeadline } from '../core/environment.js';

type VerifierOptions = Pick<ResolvedRealtimeOptions, 'authenticate' | 'limits' | 'environment'>;

/** A past `expiresAt` below this number looks like seconds: the year 5138 in seconds, 1973 in milliseconds. */
const MAX_SECONDS = 100_000_000_000;

/** Sent with `unavailable`, so that clients send an action again instead of failing it. */
const RETRY_AFTER_MS = 5_000;

/** Verifies tokens with the application's `authenticate`. */
export class TokenVerifier {
  private readonly warned = new Set<string>();

  constructor(
    private readonly options: VerifierOptions,
    private readonly log: Pick<RealtimeLog, 'warn' | 'error'>,
  ) {}

  /**
   * @returns the identity; undefined if the application has no `authenticate`, because every caller is anonymous then.
   * @throws RealtimeError `unauthorized` if the token is rejected, with `details: { expired: true }` if it has expired;
   * `unavailable` if `authenticate` throws something unexpected, or takes longer than
   * `limits.timeouts.authenticationMs`.
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
      identity = await withDeadline(environment, limits.timeouts.authenticationMs, work);
    } catch (error) {
      throw this.toVerificationError(error);
    }
    // An `authenticate` without types may return null.
    if (identity === undefined || identity === null) throw rejected();
    if (typeof identity.id !== 'string' || identity.id === '') {
      this.warnOnce(
        'id',
        'authenticate returned an identity whose id is no string, or empty. Return { id: string, user, expiresAt? }.',
      );
      throw rejected();
    }
    this.checkExpiry(identity.expiresAt);
    return identity;
  }

  /**
   * A client with a rejected token is no fault of the server. The log has the causes that only its operator can mend.
   */
  private toVerificationError(error: unknown): RealtimeError {
    if (error instanceof RealtimeError && error.code !== 'timeout') return error;
    if (isExpiry(error)) return expired(error);
    if (isRejection(error)) return rejected(error);
    this.log.error('authentication-failed', error);
    return unavailable(error);
  }

  private checkExpiry(expiresAt: unknown): void {
    if (expiresAt === undefined) return;
    if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) {
      this.warnOnce(
        'expiresAt',
        'authenticate returned an expiresAt that is no time. Return milliseconds, or leave it out.',
      );
      throw rejected();
    }
    if (expiresAt > this.options.environment.now()) return;
    if (expiresAt < MAX_SECONDS) {
      this.warnOnce(
        'expiresAt',
        'authenticate returned an expiresAt that looks like seconds. Return milliseconds: exp * 1000.',
      );
    }
    throw expired();
  }

  /** A client can present a bad token any number of times. */
  private warnOnce(reason: 'id' | 'expiresAt', advice: string): void {
    if (this.warned.has(advice)) return;
    this.warned.add(advice);
    this.log.warn('identity-rejected', { reason, advice });
  }
}

/** @returns the headers that guards see: `authorization` carries the token in force. */
export function withBearerToken(
  headers: CallerContext['headers'],
  token: string | undefined,
): CallerContext['headers'] {
  return token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` };
}

/** Names of the errors with which jsonwebtoken rejects a token. */
const REJECTION_NAMES: ReadonlySet<string> = new Set(['JsonWebTokenError', 'NotBeforeError']);

/**
 * Codes of the errors with which jose rejects a token. Its other codes tell of keys that are broken or out of reach:
 * https://github.com/panva/jose/blob/main/docs/util/errors/README.md
 */
const REJECTION_CODES =
  /^ERR_(JWT_(CLAIM_VALIDATION_FAILED|INVALID)|JWS_|JWE_|JOSE_(ALG_NOT_ALLOWED|NOT_SUPPORTED)|JWKS_NO_MATCHING_KEY)/;

/**
 * Whether an error rejects the token. Any other error tells nothing about it: a lost database, or a mistake in the
 * code.
 */
function isRejection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof WsException) return true;
  if (error instanceof HttpException) return isRejectionStatus(error.getStatus());
  const { code, name, status } = error as Error & { readonly code?: unknown; readonly status?: unknown };
  // Errors of middleware and of HTTP clients. Another status is that of the identity provider, such as 404.
  if (typeof status === 'number') return status === 401 || status === 403;
  return REJECTION_NAMES.has(name) || (typeof code === 'string' && REJECTION_CODES.test(code));
}

/** 408 and 429 tell of a slow or busy service, not of the token. */
function isRejectionStatus(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Recognizes the errors of JWT libraries: jose, jsonwebtoken and those built on it. */
function isExpiry(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'TokenExpiredError' || ('code' in error && error.code === 'ERR_JWT_EXPIRED');
}

function rejected(cause?: unknown): RealtimeError {
  return new RealtimeError('unauthorized', 'The credentials were rejected.', { cause });
}

function expired(cause?: unknown): RealtimeError {
  return new RealtimeError('unauthorized', 'The credentials have expired.', { details: { expired: true }, cause });
}

function unavailable(cause: unknown): RealtimeError {
  const message = 'The credentials cannot be verified right now.';
  return new RealtimeError('unavailable', message, { retryAfter: RETRY_AFTER_MS, cause });
}

function requestOf(
  { headers, cookies, ip }: ReceivedRequest,
  token: string,
  admission: RealtimeRequest['admission'],
): RealtimeRequest {
  return {
    headers: withBearerToken(headers, token),
    cookies,
    ip,
    ips: [ip],
    user: undefined,
    params: {},
    body: undefined,
    data: undefined,
    admission,
  };
}
