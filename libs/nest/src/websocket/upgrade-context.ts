import type { ReceivedRequest } from '../core/incoming-request.js';
import type { Identity } from '../core/realtime-request.js';
import type { ConnectionSlot } from '../rate-limiting/connection-limits.js';

/** What is known of a connection when its upgrade is accepted. */
export interface UpgradeContext {
  readonly received: ReceivedRequest;
  /** Whether credentials came with the upgrade: then they are verified and the connection guards have run. */
  readonly admitted: boolean;
  readonly identity: Identity | undefined;
  /** The mark of `Revocations` when the credentials were presented, or the connection came without any. */
  readonly presentedAt: number;
  readonly seat: ConnectionSlot;
}
