import type { Authenticate } from '../module/options.js';
import { RealtimeError } from '../realtime-error.js';
import type { Identity } from '../dispatcher/realtime-request.js';

/** Tokens that a test lets expire, whatever the application says of them. */
export class Expiry {
  private readonly moments = new Map<string, number>();

  constructor(private readonly now: () => number) {}

  expire(token: string): void {
    this.moments.set(token, this.now());
  }

  /** The application's own, but for what has expired. */
  apply(authenticate: Authenticate | undefined): Authenticate | undefined {
    if (authenticate === undefined) return undefined;
    return async (request, token) => {
      if (this.moments.has(token)) {
        throw new RealtimeError('unauthorized', 'The credentials have expired.', { details: { expired: true } });
      }
      const identity = await authenticate(request, token);
      return identity && this.watched(identity, token);
    };
  }

  /** The identity, which ends when its token does. */
  private watched(identity: Identity, token: string): Identity {
    const expiresAt = (): number | undefined => this.moments.get(token) ?? identity.expiresAt;
    return Object.create(identity, { expiresAt: { get: expiresAt, enumerable: true } }) as Identity;
  }
}
