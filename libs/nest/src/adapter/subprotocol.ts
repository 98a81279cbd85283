/** The one subprotocol that is spoken; a client may leave it out. */
export const SUBPROTOCOL = 'statewire.v1.json';

/** @returns whether a `Sec-WebSocket-Protocol` header leaves us something to speak. */
export function offersOurs(header: string | undefined): boolean {
  return header === undefined || header.split(',').some((name) => name.trim() === SUBPROTOCOL);
}
