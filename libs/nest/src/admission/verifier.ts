import { HttpException } from '@nestjs/common';

import { withDeadline } from '../common/with-deadline.js';
import type { Identity, RealtimeRequest } from '../dispatcher/realtime-request.js';
import type { ResolvedRealtimeOptions } from '../module/resolved-options.js';
import { RealtimeError } from '../realtime-error.js';
import type { ReceivedRequest } from './admission.js';
import { withToken } from './with-token.js';

type VerifierOptions = Pick<ResolvedRealtimeOptions, 'authenticate' | 'limits' | 'environment'>;

/** Asks the application whose token it is. */
export class Verifier {
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
    let identity: Identity | undefined;
    try {
      // An async function, because `authenticate` may throw before it returns a promise.
      const work = (async () => authenticate(requestOf(received, token, admission), token))();
      identity = await withDeadline(environment, limits.authenticationTimeout, work);
    } catch (error) {
      throw refusalOf(error);
    }
    if (identity === undefined) throw refused();
    if (typeof identity.id !== 'string' || identity.id === '') {
      this.warn('authenticate must return { id: string, user, expiresAt? } with an id that is not empty. Refused.');
      throw refused();
    }
    if (identity.expiresAt !== undefined && identity.expiresAt <= environment.now()) throw expired();
    return identity;
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
  return new RealtimeError('unavailable', 'The credentials cannot be verified right now.', { cause });
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
