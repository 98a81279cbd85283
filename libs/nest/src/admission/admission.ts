import type { IncomingRequest, ReceivedRequest } from '../core/incoming-request.js';
import type { Identity, RealtimeRequest } from '../core/realtime-request.js';

/** Who may come in, the same for upgrades, `hello` and HTTP. */
export interface Admission {
  /** @throws RealtimeError `forbidden` where the origin is refused. */
  receive(request: IncomingRequest): ReceivedRequest;

  /**
   * Verifies what credentials there are, `helloToken` included; undefined for anonymous callers.
   *
   * @param admission what `authenticate` sees. Default: `hello` with a `helloToken`, `upgrade` without.
   * @throws RealtimeError `unauthorized`: refused, expired (`details: { expired: true }`), or a cookie and a token of
   * different identities; `unavailable` where `authenticate` cannot say, or not in time.
   */
  identify(
    received: ReceivedRequest,
    helloToken?: string,
    admission?: RealtimeRequest['admission'],
  ): Promise<Identity | undefined>;
}
