import { BrokerError } from '@statewire/nest';

import { toBrokerError } from './errors.js';
import type { RedisLink } from './link.js';

/** The replicas that must have a publication before it resolves. */
export interface Replication {
  readonly replicas: number;
  readonly timeoutMs: number;
}

/**
 * Resolves when enough replicas have what this node has sent to the server of a partition.
 *
 * @throws (rejects) BrokerError `unavailable`
 */
export async function untilReplicated(
  link: Pick<RedisLink, 'send'>,
  partition: number,
  { replicas, timeoutMs }: Replication,
): Promise<void> {
  let reached: number;
  try {
    reached = Number(await link.send(partition, ['WAIT', String(replicas), String(timeoutMs)]));
  } catch (error) {
    throw toBrokerError(error);
  }
  if (reached >= replicas) return;
  const message = `Redis stored the publication, but ${reached} of ${replicas} replicas have it.`;
  throw new BrokerError('unavailable', message);
}
