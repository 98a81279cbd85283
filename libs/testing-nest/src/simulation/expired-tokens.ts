import { RealtimeError, type Authenticate, type Identity } from '@statewire/nest';

/** The tokens that a test has expired. They count as expired even if the application accepts them. */
export class ExpiredTokens {
  private readonly expiredAt = new Map<string, number>();
  private hasAuthenticate = false;

  constructor(private readonly now: () => number) {}

  /** Expires a token now. @throws Error if the application has no `authenticate`. */
  expire(token: string): void {
    if (!this.hasAuthenticate) {
      throw new Error('No token can expire: the application has no `authenticate` or `authenticator` in its options.');
    }
    this.expiredAt.set(token, this.now());
  }

  has(token: string): boolean {
    return this.expiredAt.has(token);
  }

  /** Returns the application's `authenticate`, which rejects expired tokens from now on. */
  wrap(authenticate: Authenticate | undefined): Authenticate | undefined {
    this.hasAuthenticate = authenticate !== undefined;
    if (authenticate === undefined) return undefined;
    return async (request, token) => {
      if (this.expiredAt.has(token)) {
        throw new RealtimeError('unauthorized', 'The credentials have expired.', { details: { expired: true } });
      }
      const identity = await authenticate(request, token);
      return identity && this.withExpiry(identity, token);
    };
  }

  /** Returns the identity with an `expiresAt` that follows the token. */
  private withExpiry(identity: Identity, token: string): Identity {
    const expiresAt = (): number | undefined => this.expiredAt.get(token) ?? identity.expiresAt;
    return Object.create(identity, { expiresAt: { get: expiresAt, enumerable: true } }) as Identity;
  }
}
