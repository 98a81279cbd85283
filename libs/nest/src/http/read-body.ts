import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

import { withDeadline, type Environment } from '../core/environment.js';
import { RealtimeError } from '../core/errors.js';

/** Number of chunks that are joined into one. A chunk of one byte takes many times its size. */
const MAX_CHUNKS = 64;

/** The limits of a body. */
export interface BodyLimits {
  /** 0: no limit. */
  readonly frameBytes: number;
  /** Milliseconds in which the whole body has to arrive. */
  readonly timeout: number;
  readonly environment: Pick<Environment, 'setTimer'>;
}

/**
 * Reads a body as text.
 *
 * @param parsed the body, if a parser has read it before.
 * @throws RealtimeError `too_large` as soon as the size is known; `bad_request` if the body is not UTF-8 or too slow.
 */
export async function readBody(request: IncomingMessage, parsed: unknown, limits: BodyLimits): Promise<unknown> {
  if (request.readableEnded) return Buffer.isBuffer(parsed) ? toText(parsed) : parsed;
  const { frameBytes, timeout, environment } = limits;
  const announced = Number(request.headers['content-length']);
  if (frameBytes > 0 && announced > frameBytes) throw tooLarge(`${announced}`, frameBytes);
  const bytes = await withDeadline(environment, timeout, collect(request, frameBytes)).catch((error: unknown) => {
    if (error instanceof RealtimeError && error.code === 'timeout') throw tooSlow(timeout);
    throw error;
  });
  return toText(bytes);
}

function collect(request: IncomingMessage, frameBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (frameBytes > 0 && size > frameBytes) {
        request.pause();
        reject(tooLarge(`more than ${frameBytes}`, frameBytes));
      } else {
        chunks.push(chunk);
        if (chunks.length === MAX_CHUNKS) chunks = [Buffer.concat(chunks)];
      }
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => reject(new RealtimeError('bad_request', 'The body was cut off.')));
  });
}

function toText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new RealtimeError('bad_request', 'The body is not UTF-8.');
  return bytes.toString();
}

function tooLarge(size: string, limit: number): RealtimeError {
  return new RealtimeError('too_large', `The body has ${size} bytes, at most ${limit} are accepted. Send less data.`);
}

function tooSlow(timeout: number): RealtimeError {
  return new RealtimeError('bad_request', `The body did not arrive within ${timeout} ms.`);
}
