import {
  ConfigurableModuleBuilder,
  Logger,
  Module,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type FactoryProvider,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, HttpAdapterHost, ModulesContainer } from '@nestjs/core';

import { hasOtherGateways, loadDefaultAdapter, RealtimeWsAdapter } from './websocket/realtime-ws-adapter.js';
import { UpgradeAuthorizer } from './websocket/upgrade-authorizer.js';
import { SharedFrameLimits } from './rate-limiting/rate-limiter.js';
import { RequestAdmission } from './admission/request-admission.js';
import type { Broker } from './core/broker.js';
import { memoryBroker } from './broker/memory/memory-broker.js';
import { RealtimeBus } from './realtime-bus.js';
import { ConnectionHub } from './websocket/connection-hub.js';
import { ConnectionLimits } from './rate-limiting/connection-limits.js';
import { Revocations } from './admission/revocations.js';
import { RealtimeConnections } from './realtime-connections.js';
import { ConnectionGuards } from './handlers/connection-guards.js';
import { HandlerRegistry } from './handlers/handler-registry.js';
import { PipelineFactory } from './handlers/pipeline-factory.js';
import { Dispatcher, type PresenceSource } from './handlers/dispatcher.js';
import { realtimeGateway } from './websocket/realtime.gateway.js';
import { RealtimeHealthIndicator } from './realtime-health.indicator.js';
import { HttpBinding } from './http/http-binding.js';
import { RealtimeSwitch } from './realtime-switch.js';
import { Disposal, Drain } from './lifecycle/drain.js';
import { InFlight } from './core/action-context.js';
import { OutdatedClients } from './core/outdated-clients.js';
import { BrokerState } from './core/broker-state.js';
import { DrainState } from './core/drain-state.js';
import { RealtimeLog } from './core/realtime-log.js';
import { StartReport } from './lifecycle/start-report.js';
import { Counters } from './core/counters.js';
import { RealtimeLeases } from './realtime-leases.js';
import { RealtimeMetrics } from './realtime-metrics.js';
import { FlushScheduler, OutboxBudget } from './delivery/flush-scheduler.js';
import { presenceSource } from './presence/presence-source.js';
import { PresenceTracker } from './presence/presence-tracker.js';
import { systemEnvironment } from './core/environment.js';
import { TopicRegistry } from './topics/topic-registry.js';
import type { RealtimeModuleOptions, RealtimeOptionsOverride, ResolvedRealtimeOptions } from './core/options.js';
import { createBroker, resolveOptions } from './core/resolve-options.js';
import {
  BROKER,
  ENVIRONMENT,
  GIVEN_OPTIONS,
  PRESENCE_SOURCE,
  REALTIME_LOG,
  REALTIME_OPTIONS,
  REALTIME_OPTIONS_OVERRIDE,
  WEBSOCKET_SWITCH,
} from './core/tokens.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<
  RealtimeModuleOptions | undefined
>()
  .setClassMethodName('forRoot')
  .setExtras({}, (definition) => ({
    ...definition,
    global: true,
    providers: [...(definition.providers ?? []), realtimeGateway()],
  }))
  .build();

const settings: Provider[] = [
  // The options of `forRoot()` and `forRootAsync()` replace this provider.
  {
    provide: MODULE_OPTIONS_TOKEN,
    useFactory: () => {
      throw new Error(
        'Import RealtimeModule.forRoot() or RealtimeModule.forRootAsync(…), and not RealtimeModule itself.',
      );
    },
  },
  { provide: REALTIME_OPTIONS_OVERRIDE, useValue: (options: RealtimeModuleOptions) => options },
  {
    provide: GIVEN_OPTIONS,
    inject: [MODULE_OPTIONS_TOKEN, REALTIME_OPTIONS_OVERRIDE],
    useFactory: (options: RealtimeModuleOptions = {}, override: RealtimeOptionsOverride) => override(options),
  },
  {
    provide: REALTIME_OPTIONS,
    inject: [GIVEN_OPTIONS],
    useFactory: (options: RealtimeModuleOptions) =>
      resolveOptions(options, systemEnvironment, process.env.NODE_ENV === 'production'),
  },
  {
    provide: ENVIRONMENT,
    inject: [REALTIME_OPTIONS],
    useFactory: ({ environment }: ResolvedRealtimeOptions) => environment,
  },
  {
    provide: REALTIME_LOG,
    inject: [REALTIME_OPTIONS],
    useFactory: ({ environment }: ResolvedRealtimeOptions) => new RealtimeLog(new Logger('Realtime'), environment),
  },
];

const admission: Provider[] = [
  RequestAdmission,
  {
    provide: SharedFrameLimits,
    inject: [REALTIME_OPTIONS],
    useFactory: ({ limits, environment }: ResolvedRealtimeOptions) => new SharedFrameLimits(limits.frames, environment),
  },
  {
    provide: Revocations,
    inject: [REALTIME_OPTIONS],
    useFactory: ({ environment, limits }: ResolvedRealtimeOptions) =>
      new Revocations(environment, limits.timeouts.authenticationMs),
  },
];

const topics: Provider[] = [
  {
    provide: BROKER,
    inject: [GIVEN_OPTIONS, REALTIME_OPTIONS, REALTIME_LOG, Counters],
    useFactory: (
      { broker = memoryBroker() }: RealtimeModuleOptions,
      { environment, history, actionWindowMs }: ResolvedRealtimeOptions,
      log: RealtimeLog,
      { broker: counters }: Counters,
    ) =>
      typeof broker === 'function'
        ? createBroker(broker, { environment, history, actionWindowMs, log, counters })
        : broker,
  },
  {
    provide: TopicRegistry,
    inject: [BROKER, Dispatcher, REALTIME_OPTIONS, REALTIME_LOG, Counters],
    useFactory: (
      broker: Broker,
      loader: Dispatcher,
      options: ResolvedRealtimeOptions,
      log: RealtimeLog,
      counters: Counters,
    ) => new TopicRegistry({ ...options, broker, loader, log, counters }),
  },
  RealtimeBus,
];

const handlers: Provider[] = [
  PipelineFactory,
  HandlerRegistry,
  ConnectionGuards,
  Dispatcher,
  PresenceTracker,
  {
    provide: PRESENCE_SOURCE,
    inject: [BROKER, REALTIME_OPTIONS, REALTIME_LOG],
    useFactory:
      (broker: Broker, { environment, presence }: ResolvedRealtimeOptions, log: RealtimeLog): PresenceSource =>
      (topic) =>
        presenceSource(topic, { broker, environment, log, presence }),
  },
];

const connections: Provider[] = [
  InFlight,
  Counters,
  {
    provide: OutdatedClients,
    inject: [REALTIME_OPTIONS, REALTIME_LOG],
    useFactory: ({ minContract, environment }: ResolvedRealtimeOptions, log: RealtimeLog) =>
      new OutdatedClients(minContract, environment, log),
  },
  RealtimeMetrics,
  RealtimeHealthIndicator,
  {
    provide: OutboxBudget,
    inject: [REALTIME_OPTIONS],
    useFactory: ({ limits }: ResolvedRealtimeOptions) =>
      new OutboxBudget(limits.outbox.totalBytes, limits.outbox.softMarkBytes),
  },
  BrokerState,
  DrainState,
  RealtimeSwitch,
  { provide: WEBSOCKET_SWITCH, useExisting: RealtimeSwitch },
  RealtimeConnections,
  RealtimeLeases,
  Drain,
  Disposal,
  StartReport,
  {
    provide: ConnectionHub,
    inject: [
      ...[REALTIME_OPTIONS, RequestAdmission, Dispatcher, TopicRegistry, PresenceTracker, REALTIME_LOG],
      ...[InFlight, Revocations, SharedFrameLimits, OutboxBudget, Counters, OutdatedClients],
    ],
    useFactory: connectionHub,
  },
];

const adapter: FactoryProvider<RealtimeWsAdapter> = {
  provide: RealtimeWsAdapter,
  inject: [
    ...[
      REALTIME_OPTIONS,
      RequestAdmission,
      Dispatcher,
      Revocations,
      Counters,
      RealtimeSwitch,
      DrainState,
      REALTIME_LOG,
    ],
    ...[HttpAdapterHost, ModulesContainer],
  ],
  useFactory: realtimeWsAdapter,
};

/**
 * Live state for the whole application: import it once.
 *
 * @example
 * RealtimeModule.forRoot({ authenticator: PlayerAuthenticator })
 * RealtimeModule.forRootAsync({ inject: [Config], useFactory: (config: Config) => config.realtime })
 */
@Module({
  imports: [DiscoveryModule],
  providers: [...settings, ...topics, ...admission, ...handlers, ...connections, HttpBinding, adapter],
  exports: [
    RealtimeBus,
    RealtimeConnections,
    RealtimeLeases,
    RealtimeMetrics,
    RealtimeHealthIndicator,
    RealtimeSwitch,
    DrainState,
  ],
})
export class RealtimeModule {
  /** Without options every option has its default. The module checks the options when the application starts. */
  static forRoot(options?: RealtimeModuleOptions): DynamicModule {
    // Nest's own `forRoot` copies the options before the check could report a wrong type.
    return this.forRootAsync({ useFactory: () => options });
  }

  /**
   * Takes the options from a factory or a class, with dependencies from Nest. Otherwise the same as {@link forRoot}.
   */
  static forRootAsync(options: ConfigurableModuleAsyncOptions<RealtimeModuleOptions | undefined>): DynamicModule {
    return { ...ConfigurableModuleClass.forRootAsync(options), module: RealtimeModule };
  }
}

function connectionHub(
  options: ResolvedRealtimeOptions,
  admission: RequestAdmission,
  dispatcher: Dispatcher,
  topics: TopicRegistry,
  presence: PresenceTracker,
  log: RealtimeLog,
  inFlight: InFlight,
  revocations: Revocations,
  frameLimits: SharedFrameLimits,
  budget: OutboxBudget,
  counters: Counters,
  outdated: OutdatedClients,
): ConnectionHub {
  const { environment, limits } = options;
  const outbox = {
    softMark: limits.outbox.softMarkBytes,
    hardMark: limits.outbox.hardMarkBytes,
    stalledTimeout: limits.timeouts.stalledMs,
    environment,
    counters,
    scheduler: new FlushScheduler(environment, budget),
  };
  return new ConnectionHub({
    ...{ options, environment, admission, dispatcher, topics, presence },
    ...{ outbox, log, inFlight, revocations, frameLimits, counters, outdated },
  });
}

async function realtimeWsAdapter(
  options: ResolvedRealtimeOptions,
  admission: RequestAdmission,
  dispatcher: Dispatcher,
  revocations: Revocations,
  counters: Counters,
  realtimeSwitch: RealtimeSwitch,
  drain: DrainState,
  log: RealtimeLog,
  host: HttpAdapterHost,
  modules: ModulesContainer,
): Promise<RealtimeWsAdapter> {
  const { environment, limits } = options;
  const authorizer = new UpgradeAuthorizer({
    admission,
    dispatcher,
    limits: new ConnectionLimits(limits.connections, environment),
    revocations,
    counters,
    realtimeSwitch,
    drain,
    environment,
    authenticationTimeout: limits.timeouts.authenticationMs,
  });
  const defaultAdapter = hasOtherGateways(modules) ? await loadDefaultAdapter() : undefined;
  return new RealtimeWsAdapter(options, authorizer, host, log, defaultAdapter);
}
