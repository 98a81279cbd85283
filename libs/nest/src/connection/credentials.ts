import type { HelloFrame } from '@statewire/protocol';

import { withToken, type Admission } from '../admission/index.js';
import type { CallerContext, Dispatcher, Identity } from '../dispatcher/index.js';
import { RealtimeError } from '../realtime-error.js';
import type { Entrance } from './entrance.js';

interface Verifiers {
  readonly admission: Admission;
  readonly dispatcher: Dispatcher;
}

/** Turns the credentials of one connection into its caller: once at `hello`, and again at each `authenticate`. */
export class Credentials {
  constructor(
    private readonly connectionId: string,
    private readonly entrance: Entrance,
    private readonly verifiers: Verifiers,
  ) {}

  /** @throws RealtimeError where the credentials or the connection guards refuse. */
  async greet(hello: HelloFrame): Promise<CallerContext> {
    const { received, admitted, identity } = this.entrance;
    const settled = hello.token === undefined && admitted;
    const verified = settled ? identity : await this.verifiers.admission.identify(received, hello.token);
    const token = hello.token ?? received.bearer ?? received.cookieToken;
    const caller = this.caller(hello.clientId, verified, token);
    if (!settled) await this.verifiers.dispatcher.admit(caller);
    return caller;
  }

  /**
   * The new token alone counts: the ones the connection came with may have expired since.
   *
   * @throws RealtimeError where the token or the connection guards refuse, or the identity is another one.
   */
  async renew(current: CallerContext, token: string): Promise<CallerContext> {
    const received = { ...this.entrance.received, bearer: undefined, cookieToken: undefined };
    const identity = await this.verifiers.admission.identify(received, token);
    if (identity?.id !== current.identity?.id) {
      throw new RealtimeError('forbidden', 'The identity of a connection cannot change: open a new one.');
    }
    const caller = this.caller(current.clientId, identity, token);
    await this.verifiers.dispatcher.admit(caller);
    return caller;
  }

  private caller(clientId: string, identity: Identity | undefined, token: string | undefined): CallerContext {
    const { headers, cookies, ip } = this.entrance.received;
    return {
      headers: withToken(headers, token),
      cookies,
      ip,
      admission: 'hello',
      connectionId: this.connectionId,
      clientId,
      identity,
    };
  }
}
