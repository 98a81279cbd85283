/** The version of the protocol, independent of the package versions. Version 1 is frozen. */
export const PROTOCOL_VERSION = 1;

/** The WebSocket subprotocol of {@link PROTOCOL_VERSION}. A client may omit it. */
export const SUBPROTOCOL = 'statewire.v1.json';

/** The HTTP request header with the protocol version of the client, in lower case. A client may omit it. */
export const VERSION_HEADER = 'statewire-version';
