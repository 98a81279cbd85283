import { isTextDeeperThan, isValueDeeperThan } from './depth.js';
import type { FrameLimits } from './limits.js';
import { ProtocolError } from './protocol-error.js';
import { utf8Length } from './utf8-length.js';

/**
 * Parses a JSON text within limits. A key named `__proto__` stays an ordinary key.
 *
 * @throws ProtocolError `too_large` above a limit, `bad_request` if the text is not JSON.
 */
export function parseJson(text: string, { bytes, depth }: FrameLimits): unknown {
  if (bytes > 0 && isLongerThan(text, bytes)) {
    throw new ProtocolError('too_large', `At most ${bytes} bytes are accepted. Send less data, or raise the limit.`);
  }
  if (depth > 0 && isTextDeeperThan(text, depth)) throw tooDeep(depth);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The message of the engine quotes the text, which may contain a token.
    throw new ProtocolError('bad_request', 'This is not JSON');
  }
}

/**
 * Parses the body of a request. A body that the body parser of the framework has parsed is only checked for its depth.
 *
 * @throws ProtocolError like {@link parseJson}.
 */
export function parseBody(body: unknown, limits: FrameLimits): unknown {
  if (typeof body === 'string') return parseJson(body, limits);
  if (limits.depth > 0 && isValueDeeperThan(body, limits.depth)) throw tooDeep(limits.depth);
  return body;
}

function isLongerThan(text: string, bytes: number): boolean {
  // A UTF-16 unit has one to three bytes in UTF-8, so most texts need no exact count.
  return text.length > bytes || (text.length * 3 > bytes && utf8Length(text) > bytes);
}

function tooDeep(depth: number): ProtocolError {
  return new ProtocolError(
    'too_large',
    `At most ${depth} levels of nesting are accepted. Nest the data less, or raise the limit.`,
  );
}
