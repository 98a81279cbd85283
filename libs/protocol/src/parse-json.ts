import { isTextDeeperThan, isValueDeeperThan } from './depth.js';
import type { FrameLimits } from './limits.js';
import { ProtocolError } from './protocol-error.js';
import { utf8Length } from './utf8-length.js';

/**
 * Parses a JSON text within limits. Keys named `__proto__` stay ordinary keys.
 *
 * @throws ProtocolError `too_large` above a limit, `bad_request` for what is not JSON.
 */
export function parseJson(text: string, { frameBytes, depth }: FrameLimits): unknown {
  if (frameBytes > 0 && isLongerThan(text, frameBytes)) {
    throw new ProtocolError('too_large', `At most ${frameBytes} bytes are accepted`);
  }
  if (depth > 0 && isTextDeeperThan(text, depth)) throw tooDeep(depth);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The engine's own message quotes the text, which may hold a token.
    throw new ProtocolError('bad_request', 'This is not JSON');
  }
}

/**
 * Takes a body as text, or as what the framework's body parser made of it.
 *
 * @throws ProtocolError as {@link parseJson} does.
 */
export function parseBody(body: unknown, limits: FrameLimits): unknown {
  if (typeof body === 'string') return parseJson(body, limits);
  if (limits.depth > 0 && isValueDeeperThan(body, limits.depth)) throw tooDeep(limits.depth);
  return body;
}

function isLongerThan(text: string, bytes: number): boolean {
  // A UTF-16 unit takes one to three bytes: only texts in between have to be counted.
  return text.length > bytes || (text.length * 3 > bytes && utf8Length(text) > bytes);
}

function tooDeep(depth: number): ProtocolError {
  return new ProtocolError('too_large', `At most ${depth} levels of nesting are accepted`);
}
