import type { Environment } from './environment.js';
import type { RealtimeLimits, RealtimeModuleOptions } from './options.js';

type Filled<T> = { readonly [Key in keyof T]-?: T[Key] };

/** Options with every default filled in, checked once at start. What the rest of the module reads. */
export interface ResolvedRealtimeOptions {
  readonly path: string;
  readonly httpPath: string;
  readonly enabled: boolean;
  readonly authenticate: RealtimeModuleOptions['authenticate'];
  readonly cookie: string | undefined;
  readonly connectionGuards: NonNullable<RealtimeModuleOptions['connectionGuards']>;
  readonly allowedOrigins: readonly string[] | undefined;
  readonly allowAnyOrigin: boolean;
  readonly trustedProxies: readonly string[];
  readonly heartbeat: Filled<NonNullable<RealtimeModuleOptions['heartbeat']>>;
  readonly polling: Filled<NonNullable<RealtimeModuleOptions['polling']>>;
  readonly actionWindow: number;
  readonly globalEnhancers: NonNullable<RealtimeModuleOptions['globalEnhancers']>;
  readonly history: Filled<NonNullable<RealtimeModuleOptions['history']>>;
  readonly limits: RealtimeLimits;
  readonly drain: Filled<NonNullable<RealtimeModuleOptions['drain']>>;
  readonly presence: Filled<NonNullable<RealtimeModuleOptions['presence']>>;
  readonly environment: Environment;
}
