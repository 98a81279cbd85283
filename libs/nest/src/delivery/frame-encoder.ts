import type { ServerFrame } from '@statewire/protocol';

import { FRAME_KINDS, type FrameKind } from '../core/counters.js';
import type { EncodedFrame } from './encoded-frame.js';

/** FIN and the opcode of a text message (RFC 6455 §5.2). */
const FINAL_TEXT = 0x81;

class TextFrame implements EncodedFrame {
  private bytes = -1;
  private framed: Buffer | undefined;

  constructor(
    readonly text: string,
    readonly kind: FrameKind,
  ) {}

  get size(): number {
    const payload = this.payloadBytes();
    return payload + headerBytes(payload);
  }

  get message(): Buffer {
    return (this.framed ??= this.frame());
  }

  private payloadBytes(): number {
    if (this.bytes < 0) this.bytes = Buffer.byteLength(this.text);
    return this.bytes;
  }

  private frame(): Buffer {
    const payload = this.payloadBytes();
    const header = headerBytes(payload);
    const message = Buffer.allocUnsafe(header + payload);
    message[0] = FINAL_TEXT;
    if (header === 2) {
      message[1] = payload;
    } else if (header === 4) {
      message[1] = 126;
      message.writeUInt16BE(payload, 2);
    } else {
      message[1] = 127;
      message.writeBigUInt64BE(BigInt(payload), 2);
    }
    message.write(this.text, header, 'utf8');
    return message;
  }
}

function headerBytes(payload: number): 2 | 4 | 10 {
  if (payload < 126) return 2;
  return payload < 65_536 ? 4 : 10;
}

/** Encodes any frame. Frames of topics are better made by `TopicFrames`, which does not parse or stringify values. */
export function encodeFrame(frame: ServerFrame): EncodedFrame {
  return encodeText(JSON.stringify(frame));
}

/** A frame whose JSON text is known already. */
export function encodeText(text: string, kind: FrameKind = FRAME_KINDS.other): EncodedFrame {
  return new TextFrame(text, kind);
}
