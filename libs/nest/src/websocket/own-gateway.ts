/** Marks the options of the module's own gateway among those of other gateways. */
export const OWN_GATEWAY = Symbol('statewire:own-gateway');
