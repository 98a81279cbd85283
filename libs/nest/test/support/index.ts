/** Test support for this package and for fault tests of the whole system. The package does not publish it. */
export { heldBy, type Held } from './held.js';
export { exchangeRaw, handshake, head, rawFrame, RawWire, rawText, type RawFrame } from './raw-wire.js';
