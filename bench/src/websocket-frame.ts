/** A text frame of a server, as one Buffer. */
export function serverFrame(text: string): Buffer {
  return framed(0, Buffer.from(text));
}

/** A text frame of a client. The mask is 0, so that the payload stays as it is. */
export function clientFrame(text: string): Buffer {
  return framed(0x80, Buffer.from(text));
}

function framed(maskBit: number, payload: Buffer): Buffer {
  const extended = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const start = 2 + extended + (maskBit ? 4 : 0);
  const frame = Buffer.alloc(start + payload.length);
  frame[0] = 0x81;
  frame[1] = maskBit | (extended === 0 ? payload.length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(payload.length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(payload.length), 2);
  payload.copy(frame, start);
  return frame;
}
