import { ProtocolError, type ErrorFrame } from '@statewire/protocol';

import type { RealtimeLog } from '../lifecycle/realtime-log.js';
import { RealtimeError } from '../realtime-error.js';

type Asked = Pick<ErrorFrame, 'id' | 'topic' | 'ref'>;

/** What a client may be told of anything that was thrown: nothing, unless it was made to be told. The rest is logged. */
export function explain(thrown: unknown, log: RealtimeLog, connection: string): RealtimeError {
  if (thrown instanceof RealtimeError) return thrown;
  if (thrown instanceof ProtocolError) return new RealtimeError(thrown.code, thrown.message);
  log.error('request-failed', thrown, { connection });
  return new RealtimeError('internal', 'Something failed on the server.');
}

/** What an answer echoes. Leaves out what was not asked with. */
export function asked({ id, topic, ref }: Asked): Asked {
  return {
    ...(id === undefined ? {} : { id }),
    ...(topic === undefined ? {} : { topic }),
    ...(ref === undefined ? {} : { ref }),
  };
}
