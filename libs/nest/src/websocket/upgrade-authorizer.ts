import type { PublicOf } from '../core/public-of.js';
import { SUBPROTOCOL } from '@statewire/protocol';
import type { IncomingMessage } from 'node:http';

import { withBearerToken } from '../admission/token-verifier.js';
import type { Admission } from '../admission/request-admission.js';
import { toIncomingRequest, type ReceivedRequest } from '../core/incoming-request.js';
import type { ConnectionLimits } from '../rate-limiting/connection-limits.js';
import { verificationTooLongError } from '../admission/revocations.js';
import type { UpgradeContext } from './upgrade-context.js';
import type { Revocations } from '../admission/revocations.js';
import { withDeadline } from '../core/deadline.js';
import type { Dispatcher } from '../handlers/dispatcher.js';
import type { Identity } from '../core/realtime-request.js';
import type { Environment } from '../core/environment.js';
import type { Counters } from '../core/counters.js';
import type { DrainState } from '../core/drain-state.js';
import type { RealtimeSwitch } from '../core/realtime-switch.js';
import { RealtimeError } from '../core/errors.js';
import { offersOurs } from './subprotocol.js';

/** Milliseconds after which a client that is refused may look again. */
const WHILE_DRAINING = 1_000;
const WHILE_OFF = 30_000;

/** What the door asks before it lets an upgrade in. */
export interface DoorKeepers {
  readonly admission: Admission;
  readonly dispatcher: PublicOf<Dispatcher>;
  readonly limits: ConnectionLimits;
  readonly revocations: Revocations;
  readonly counters: Counters;
  readonly realtimeSwitch: Pick<RealtimeSwitch, 'enabled'>;
  readonly drain: Pick<DrainState, 'draining'>;
  readonly environment: Environment;
  /** Milliseconds for credentials to be verified. 0: any time. */
  readonly authenticationTimeout: number;
}

/** Everything that is decided before an upgrade is accepted. */
export class UpgradeAuthorizer {
  constructor(private readonly keepers: DoorKeepers) {}

  /** @throws RealtimeError that says why the upgrade is refused. */
  async admit(request: IncomingMessage): Promise<UpgradeContext> {
    try {
      return await this.enter(request);
    } catch (error) {
      this.keepers.counters.refusals.add(error instanceof RealtimeError ? error.code : 'internal');
      throw error;
    }
  }

  private async enter(request: IncomingMessage): Promise<UpgradeContext> {
    const { admission, limits, revocations, authenticationTimeout, environment } = this.keepers;
    this.refuseWhileShut();
    if (!offersOurs(request.headers['sec-websocket-protocol'])) {
      throw new RealtimeError('bad_request', `The subprotocol spoken here is ${SUBPROTOCOL}.`);
    }
    const received = admission.receive(toIncomingRequest(request));
    const presentedAt = revocations.mark;
    const seat = limits.enter(received.network);
    try {
      if (received.bearer === undefined && received.cookieToken === undefined) {
        return { received, seat, admitted: false, identity: undefined, presentedAt };
      }
      const identity = await withDeadline(environment, authenticationTimeout, this.verify(received));
      if (!revocations.reachesBackTo(presentedAt)) throw verificationTooLongError();
      seat.admit(identity?.id);
      // It may have been shut while credentials were verified.
      this.refuseWhileShut();
      return { received, seat, admitted: true, identity, presentedAt };
    } catch (error) {
      seat.leave();
      throw error;
    }
  }

  private refuseWhileShut(): void {
    const { drain, realtimeSwitch } = this.keepers;
    if (drain.draining) {
      throw new RealtimeError('unavailable', 'This node is going away.', { retryAfter: WHILE_DRAINING });
    }
    if (!realtimeSwitch.enabled) {
      throw new RealtimeError('unavailable', 'WebSocket is switched off: poll.', { retryAfter: WHILE_OFF });
    }
  }

  private async verify(received: ReceivedRequest): Promise<Identity | undefined> {
    const { headers, cookies, ip, bearer, cookieToken } = received;
    const identity = await this.keepers.admission.identify(received);
    await this.keepers.dispatcher.admit({
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
