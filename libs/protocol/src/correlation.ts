import { isRecord } from './check.js';
import { isActionId, isRef } from './fields.js';
import { ProtocolError } from './protocol-error.js';

/** Runs a check of a frame. A ProtocolError of the check gets the frame's `id` and `ref` if they are valid. */
export function withCorrelation<T>(frame: unknown, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ProtocolError) || !isRecord(frame)) throw error;
    const { id, ref } = frame;
    throw new ProtocolError(error.code, error.message, {
      ...(isActionId(id) ? { id } : {}),
      ...(isRef(ref) ? { ref } : {}),
    });
  }
}
