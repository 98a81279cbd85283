import type { Environment } from '@statewire/nest';
import { ServerRefusedError } from '@statewire/nest/broker';

import { PostgresConnection } from './connection.js';
import type { OpenWire } from './wire.js';

/** Time for a notification from one connection to another. */
const NOTIFIED_WITHIN_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Checks that a notification of another connection arrives. A pooler in transaction mode gives each statement another
 * connection to the server, so that none arrives.
 *
 * @param wait resolves when the message has arrived on the channel of the first connection.
 * @throws ServerRefusedError
 */
export async function checkNotifications(
  openWire: OpenWire,
  environment: Pick<Environment, 'monotonic' | 'setTimer'>,
  channel: string,
  message: string,
  wait: Promise<void>,
): Promise<void> {
  const other = await PostgresConnection.open(openWire, environment, CONNECT_TIMEOUT_MS, {
    onMessage: () => undefined,
    onLost: () => undefined,
  });
  let cancel = (): void => undefined;
  try {
    await other.query({ text: 'select pg_notify($1, $2)', values: [channel, message] });
    const late = new Promise<never>((_, reject) => {
      const error = new ServerRefusedError(
        'a notification of another connection did not arrive; a pooler in transaction mode passes none on, so connect to the ' +
          'server itself, or to a pooler in session mode',
      );
      const timer = environment.setTimer(() => reject(error), NOTIFIED_WITHIN_MS);
      cancel = () => timer.cancel();
    });
    await Promise.race([wait, late]);
  } finally {
    cancel();
    other.lose(new Error('the check has ended'));
  }
}
