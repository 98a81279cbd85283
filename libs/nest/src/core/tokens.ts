/**
 * A function that changes the module's options before they are checked. Default: the options stay as they are. A test
 * overrides this provider to run an application with other limits, another broker or another clock.
 *
 * @example
 * builder.overrideProvider(REALTIME_OPTIONS_OVERRIDE).useValue((options) => ({ ...options, actionWindowMs: 1_000 }));
 */
export const REALTIME_OPTIONS_OVERRIDE = Symbol('statewire:options-override');
/** `RealtimeModuleOptions` as the application and its override give them. */
export const GIVEN_OPTIONS = Symbol('statewire:given-options');
/** `ResolvedRealtimeOptions`: the module's options with every default filled in. */
export const REALTIME_OPTIONS = Symbol('statewire:options');
/** `Broker` */
export const BROKER = Symbol('statewire:broker');
/** `Environment` */
export const ENVIRONMENT = Symbol('statewire:environment');
/** `WebSocketSwitch` */
export const WEBSOCKET_SWITCH = Symbol('statewire:websocket-switch');
/** `PresenceSource`: creates the observables of presence topics. */
export const PRESENCE_SOURCE = Symbol('statewire:presence-source');
/** `RealtimeLog`: at most one line a second for each event and reason. */
export const REALTIME_LOG = Symbol('statewire:log');
