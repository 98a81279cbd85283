import { SUBPROTOCOL } from '@statewire/protocol';

/** @returns whether a `Sec-WebSocket-Protocol` header leaves us something to speak. */
export function offersOurs(header: string | undefined): boolean {
  return header === undefined || header.split(',').some((name) => name.trim() === SUBPROTOCOL);
}
