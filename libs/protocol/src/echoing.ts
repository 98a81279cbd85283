import { isRecord } from './check.js';
import { isActionId, isRef } from './fields.js';
import { ProtocolError } from './protocol-error.js';

/** Runs a check of a frame and gives its complaint the `id` and `ref` of that frame, where they can be read. */
export function echoing<T>(frame: unknown, check: () => T): T {
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
