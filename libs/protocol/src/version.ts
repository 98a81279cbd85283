import { ProtocolError } from './protocol-error.js';

/** The version of the wire, apart from the versions of packages. Version 1 is frozen. */
export const PROTOCOL_VERSION = 1;

/** The WebSocket subprotocol of {@link PROTOCOL_VERSION}. A client may leave it out. */
export const SUBPROTOCOL = 'statewire.v1.json';

/** HTTP request header that says which version the client speaks, in lower case. A client may leave it out. */
export const VERSION_HEADER = 'statewire-version';

/**
 * Checks the version a request asks for by {@link VERSION_HEADER}.
 *
 * @throws ProtocolError `bad_request`, naming the version that is spoken here.
 */
export function checkVersion(header: string | undefined): void {
  if (header === undefined || header.trim() === String(PROTOCOL_VERSION)) return;
  throw new ProtocolError('bad_request', `This server speaks version ${PROTOCOL_VERSION} of statewire only`);
}
