import { RealtimeError, type Authenticate, type Identity } from '@statewire/nest';

/** Tokens that a test lets expire, whatever the application says of them. */
export class Expiry {
  private readonly moments = new Map<string, number>();
  private isAsked = false;

  constructor(private readonly now: () => number) {}

  /** @throws Error where the application asks for no tokens. */
  expire(token: string): void {
    if (!this.isAsked) {
      throw new Error('No token can expire: the application has no `authenticate` in `RealtimeModule.forRoot({ … })`.');
    }
    this.moments.set(token, this.now());
  }

  has(token: string): boolean {
    return this.moments.has(token);
  }

  /** The application's own, but for what has expired. */
  apply(authenticate: Authenticate | undefined): Authenticate | undefined {
    this.isAsked = authenticate !== undefined;
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
