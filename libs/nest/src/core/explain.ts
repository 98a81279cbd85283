import { ProtocolError, type ErrorFrame } from '@statewire/protocol';

import type { RealtimeLog } from './realtime-log.js';
import { RealtimeError } from './realtime-error.js';
import { toRealtimeError } from './to-realtime-error.js';

type Asked = Pick<ErrorFrame, 'id' | 'topic' | 'ref'>;

/** What a client may be told of anything that was thrown. What nobody foresaw is logged. */
export function explain(thrown: unknown, log: RealtimeLog, connection: string): RealtimeError {
  if (!(thrown instanceof RealtimeError || thrown instanceof ProtocolError)) {
    log.error('request-failed', thrown, { connection });
  }
  return toRealtimeError(thrown);
}

/** What an answer echoes. Leaves out what was not asked with. */
export function asked({ id, topic, ref }: Asked): Asked {
  return {
    ...(id === undefined ? {} : { id }),
    ...(topic === undefined ? {} : { topic }),
    ...(ref === undefined ? {} : { ref }),
  };
}
