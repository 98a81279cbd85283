import { ProtocolError } from '@statewire/protocol';

import { RealtimeError } from './realtime-error.js';

/** What a client may be told of anything that was thrown: nothing, unless it was made to be told. */
export function toRealtimeError(thrown: unknown): RealtimeError {
  if (thrown instanceof RealtimeError) return thrown;
  if (thrown instanceof ProtocolError) return new RealtimeError(thrown.code, thrown.message);
  return new RealtimeError('internal', 'Something failed on the server.', { cause: thrown });
}
