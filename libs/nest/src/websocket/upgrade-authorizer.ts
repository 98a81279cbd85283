import { SUBPROTOCOL } from '@statewire/protocol';
import type { IncomingMessage } from 'node:http';

import { withBearerToken } from '../admission/token-verifier.js';
import type { Admission } from '../admission/request-admission.js';
import { toIncomingRequest, type ReceivedRequest } from '../core/incoming-request.js';
import type { ConnectionLimits, ConnectionSlot } from '../rate-limiting/connection-limits.js';
import { verificationTooLongError, type Revocations } from '../admission/revocations.js';
import { withDeadline, type Environment } from '../core/environment.js';
import type { RequestDispatcher } from '../handlers/dispatcher.js';
import type { Identity } from '../core/realtime-request.js';
import type { Counters } from '../core/counters.js';
import type { DrainState } from '../core/drain-state.js';
import type { WebSocketSwitch } from '../core/websocket-switch.js';
import { RealtimeError } from '../core/errors.js';

/** `retryAfter` while the node drains: the client should reach another node. */
const RETRY_WHILE_DRAINING_MS = 1_000;
/** `retryAfter` while the WebSocket is switched off. */
const RETRY_WHILE_OFF_MS = 30_000;

/** The result of an accepted upgrade. */
export interface UpgradeContext {
  readonly received: ReceivedRequest;
  /** Whether the upgrade had credentials. They are verified then, and the connection guards have run. */
  readonly admitted: boolean;
  readonly identity: Identity | undefined;
  /** The mark of `Revocations` when the server received the upgrade. */
  readonly presentedAt: number;
  readonly slot: ConnectionSlot;
}

export interface UpgradeAuthorizerOptions {
  readonly admission: Admission;
  readonly dispatcher: RequestDispatcher;
  readonly limits: ConnectionLimits;
  readonly revocations: Revocations;
  readonly counters: Counters;
  readonly realtimeSwitch: Pick<WebSocketSwitch, 'enabled'>;
  readonly drain: Pick<DrainState, 'draining'>;
  readonly environment: Environment;
  /** Milliseconds for the verification of credentials. 0: no limit. */
  readonly authenticationTimeout: number;
}

/** Decides whether an upgrade becomes a WebSocket. */
export class UpgradeAuthorizer {
  constructor(private readonly options: UpgradeAuthorizerOptions) {}

  /** @throws (rejects) RealtimeError with the reason of the rejection. */
  async authorize(request: IncomingMessage): Promise<UpgradeContext> {
    try {
      return await this.admit(request);
    } catch (error) {
      this.options.counters.errorsSent.add(error instanceof RealtimeError ? error.code : 'internal');
      throw error;
    }
  }

  private async admit(request: IncomingMessage): Promise<UpgradeContext> {
    const { admission, limits, revocations, authenticationTimeout, environment } = this.options;
    this.rejectWhileClosed();
    if (!offersSubprotocol(request.headers['sec-websocket-protocol'])) {
      throw new RealtimeError('bad_request', `This server speaks the subprotocol ${SUBPROTOCOL}. Offer it.`);
    }
    const received = admission.receive(toIncomingRequest(request));
    const presentedAt = revocations.mark;
    const slot = limits.enter(received.network);
    try {
      if (received.bearer === undefined && received.cookieToken === undefined) {
        return { received, slot, admitted: false, identity: undefined, presentedAt };
      }
      const identity = await withDeadline(environment, authenticationTimeout, this.verify(received));
      if (!revocations.reachesBackTo(presentedAt)) throw verificationTooLongError();
      // Browsers hide the reason of a rejected upgrade, and cookies are theirs. `hello` gets the error.
      if (received.bearer !== undefined) slot.admit(identity?.id);
      // The drain may have begun while the credentials were verified.
      this.rejectWhileClosed();
      return { received, slot, admitted: true, identity, presentedAt };
    } catch (error) {
      slot.leave();
      throw error;
    }
  }

  private rejectWhileClosed(): void {
    const { drain, realtimeSwitch } = this.options;
    if (drain.draining) {
      throw new RealtimeError('unavailable', 'This node shuts down. Connect again.', {
        retryAfter: RETRY_WHILE_DRAINING_MS,
      });
    }
    if (!realtimeSwitch.enabled) {
      throw new RealtimeError('unavailable', 'The WebSocket is switched off. Poll over HTTP.', {
        retryAfter: RETRY_WHILE_OFF_MS,
      });
    }
  }

  private async verify(received: ReceivedRequest): Promise<Identity | undefined> {
    const { headers, cookies, ip, bearer, cookieToken } = received;
    const identity = await this.options.admission.identify(received);
    await this.options.dispatcher.admit({
      headers: withBearerToken(headers, bearer ?? cookieToken),
      cookies,
      ip,
      admission: 'upgrade',
      clientId: '',
      identity,
    });
    return identity;
  }
}

/**
 * @param header `Sec-WebSocket-Protocol`.
 * @returns whether the client offers the subprotocol, or offers none.
 */
export function offersSubprotocol(header: string | undefined): boolean {
  return header === undefined || header.split(',').some((name) => name.trim() === SUBPROTOCOL);
}
