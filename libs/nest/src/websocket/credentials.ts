import type { AuthenticatedFrame, HelloFrame } from '@statewire/protocol';

import { withBearerToken } from '../admission/token-verifier.js';
import type { Admission } from '../admission/request-admission.js';
import type { CallerContext, Identity } from '../core/realtime-request.js';
import type { RequestDispatcher } from '../handlers/dispatcher.js';
import type { Environment } from '../core/environment.js';
import { RealtimeError } from '../core/errors.js';
import type { UpgradeContext } from './upgrade-authorizer.js';
import { revokedError, verificationTooLongError, type Revocations } from '../admission/revocations.js';

interface Verifiers {
  readonly admission: Admission;
  readonly dispatcher: RequestDispatcher;
  readonly revocations: Revocations;
  readonly environment: Environment;
}

/** Verified credentials. */
export interface Presented {
  readonly caller: CallerContext;
  /** The mark of `Revocations` when the client presented them. */
  readonly at: number;
}

/** The credentials of one connection. `hello` verifies them, and each `authenticate` replaces them. */
export class Credentials {
  private inForce: Presented | undefined;

  constructor(
    readonly connectionId: string,
    private readonly upgradeContext: UpgradeContext,
    private readonly verifiers: Verifiers,
  ) {}

  /** Id of the user. Undefined for anonymous clients and before the credentials were verified. */
  get user(): string | undefined {
    return this.identity?.id;
  }

  /** The caller of an open connection. @throws Error before `hello` was settled. */
  get caller(): CallerContext {
    if (this.inForce === undefined) throw new Error('The connection has no caller before hello is settled.');
    return this.inForce.caller;
  }

  /**
   * The end of the credentials, by expiry or by revocation, in milliseconds since the Unix epoch. Undefined: no end.
   */
  get expiresAt(): number | undefined {
    const { environment } = this.verifiers;
    const expiresAt = this.identity?.expiresAt;
    const { revokedAt } = this;
    if (revokedAt === undefined) return expiresAt;
    const revocation = Math.round(environment.now() + revokedAt - environment.monotonic());
    return Math.min(expiresAt ?? revocation, revocation);
  }

  /** How the credentials ended. Undefined while they are in force. */
  get ended(): 'revoked' | 'expired' | undefined {
    const { environment } = this.verifiers;
    const { revokedAt } = this;
    if (revokedAt !== undefined && revokedAt <= environment.monotonic()) return 'revoked';
    const expiresAt = this.identity?.expiresAt;
    return expiresAt !== undefined && expiresAt <= environment.now() ? 'expired' : undefined;
  }

  /**
   * Verifies the credentials of a `hello`, unless the upgrade has done so.
   *
   * @throws RealtimeError if the credentials are rejected, a connection guard rejects the caller, or the credentials
   * were revoked meanwhile.
   */
  async greet(hello: HelloFrame): Promise<void> {
    const { received, admitted, identity, presentedAt } = this.upgradeContext;
    const settled = hello.token === undefined && admitted;
    const at = settled ? presentedAt : this.verifiers.revocations.mark;
    const verified = settled ? identity : await this.verifiers.admission.identify(received, hello.token);
    const token = hello.token ?? received.bearer ?? received.cookieToken;
    const caller = this.callerOf(hello.clientId, verified, token);
    if (!settled) {
      await this.verifiers.dispatcher.admit(caller);
      this.rejectForgotten(at);
    }
    this.inForce = { caller, at };
    if (this.ended === 'revoked') throw revokedError();
  }

  /**
   * Verifies a new token and changes nothing yet. Ignores the credentials of the upgrade, which may have expired.
   *
   * @throws RealtimeError if the token is rejected, a connection guard rejects the caller, or the token has another
   * user.
   */
  async verify(token: string): Promise<Presented> {
    const { admission, dispatcher, revocations } = this.verifiers;
    const at = revocations.mark;
    const received = { ...this.upgradeContext.received, bearer: undefined, cookieToken: undefined };
    const identity = await admission.identify(received, token);
    if (identity?.id !== this.user) {
      throw new RealtimeError('forbidden', 'The user of a connection cannot change. Open a new connection.');
    }
    const caller = this.callerOf(this.caller.clientId, identity, token);
    await dispatcher.admit(caller);
    return { caller, at };
  }

  /**
   * Puts verified credentials in force.
   *
   * @throws RealtimeError if the verification outlived the log of revocations.
   */
  renew(presented: Presented): void {
    this.rejectForgotten(presented.at);
    this.inForce = presented;
  }

  /** @returns the frame that tells the client when its credentials end. */
  toFrame(ref?: string): AuthenticatedFrame {
    const { expiresAt } = this;
    return {
      type: 'authenticated',
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(ref === undefined ? {} : { ref }),
    };
  }

  private get identity(): Identity | undefined {
    return this.inForce === undefined ? this.upgradeContext.identity : this.inForce.caller.identity;
  }

  private get revokedAt(): number | undefined {
    const presented = this.inForce?.at ?? this.upgradeContext.presentedAt;
    return this.verifiers.revocations.deadline({ connection: this.connectionId, user: this.user, presented });
  }

  private rejectForgotten(at: number): void {
    if (!this.verifiers.revocations.reachesBackTo(at)) throw verificationTooLongError();
  }

  private callerOf(clientId: string, identity: Identity | undefined, token: string | undefined): CallerContext {
    const { headers, cookies, ip } = this.upgradeContext.received;
    return {
      headers: withBearerToken(headers, token),
      cookies,
      ip,
      admission: 'hello',
      connectionId: this.connectionId,
      clientId,
      identity,
    };
  }
}
