/** Test support that fault tests of the whole system use as well. The package does not publish it. */
export { heldBy, type Held } from './held.js';
export { exchangeRaw, handshake, head, rawFrame, RawWire, rawText, type RawFrame } from './raw-wire.js';
