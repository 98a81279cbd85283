/** The version of the wire, apart from the versions of packages. Version 1 is frozen. */
export const PROTOCOL_VERSION = 1;

/** The WebSocket subprotocol of {@link PROTOCOL_VERSION}. A client may leave it out. */
export const SUBPROTOCOL = 'statewire.v1.json';

/** HTTP request header that says which version the client speaks, in lower case. A client may leave it out. */
export const VERSION_HEADER = 'statewire-version';
