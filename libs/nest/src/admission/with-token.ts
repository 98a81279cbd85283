import type { CallerContext } from '../core/realtime-request.js';

/** @returns the headers as guards see them: `authorization` is set from the token in force. */
export function withToken(headers: CallerContext['headers'], token: string | undefined): CallerContext['headers'] {
  return token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` };
}
