import type { PingFrame, ServerFrame } from '@statewire/protocol';

import type { EncodedFrame } from '../delivery/frame-encoder.js';
import { encodeFrame } from '../delivery/frame-encoder.js';

export const PING = encodeFrame({ type: 'ping' });
const PONG = encodeFrame({ type: 'pong' });

/** The answer to a `ping`, which echoes its time where it had one. */
export function pongTo({ time }: PingFrame): ServerFrame | EncodedFrame {
  return time === undefined ? PONG : { type: 'pong', time };
}
