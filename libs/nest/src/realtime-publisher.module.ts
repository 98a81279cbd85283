import {
  ConfigurableModuleBuilder,
  Inject,
  Injectable,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

import type { Broker } from './core/broker.js';
import { BrokerState } from './core/broker-state.js';
import { DrainState } from './core/drain-state.js';
import { systemEnvironment } from './core/environment.js';
import type { RealtimeOptionsOverride, RealtimePublisherModuleOptions } from './core/options.js';
import { RealtimeLog } from './core/realtime-log.js';
import { createSharedBroker, resolvePublisherOptions, type ResolvedPublisherOptions } from './core/resolve-options.js';
import {
  BROKER,
  ENVIRONMENT,
  GIVEN_OPTIONS,
  REALTIME_LOG,
  REALTIME_OPTIONS,
  REALTIME_OPTIONS_OVERRIDE,
} from './core/tokens.js';
import { RealtimeBus } from './realtime-bus.js';
import { RealtimeLeases } from './realtime-leases.js';
import { RealtimeModule } from './realtime.module.js';
import { TopicRegistry } from './topics/topic-registry.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<RealtimePublisherModuleOptions>()
    .setClassMethodName('forRoot')
    .setExtras({}, (definition) => ({ ...definition, global: true }))
    .build();

/** Ends the leases, then the topics, then the broker. */
@Injectable()
class PublisherLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    private readonly drain: DrainState,
    private readonly topics: TopicRegistry,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(REALTIME_LOG) private readonly log: RealtimeLog,
  ) {}

  onApplicationBootstrap(): void {
    this.log.info('realtime-publisher-started', { broker: this.broker.name });
  }

  beforeApplicationShutdown(): void {
    this.drain.begin();
    this.drain.end();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.topics.dispose();
    await this.broker.dispose();
  }
}

/**
 * Publishes from a process that serves no client: a worker, a queue consumer, a cron job or a script. It provides
 * `RealtimeBus` and `RealtimeLeases`, and opens no socket and no route. Import it once, instead of `RealtimeModule`.
 *
 * Class serializers of handlers do not apply, because the handlers run in other processes. Publish plain objects.
 *
 * When the application ends, it waits up to 3 s until the broker has every publication.
 *
 * @example
 * const worker = await NestFactory.createApplicationContext(WorkerModule);
 * worker.enableShutdownHooks();
 *
 * RealtimePublisherModule.forRoot({ broker: redisBroker({ url }) })
 * RealtimePublisherModule.forRootAsync({ inject: [Config], useFactory: (config: Config) => config.realtime })
 */
@Module({
  providers: [
    // The options of `forRoot()` and `forRootAsync()` replace this provider.
    {
      provide: MODULE_OPTIONS_TOKEN,
      useFactory: () => {
        throw new Error(
          'Import RealtimePublisherModule.forRoot(…) or RealtimePublisherModule.forRootAsync(…), and not ' +
            'RealtimePublisherModule itself.',
        );
      },
    },
    { provide: REALTIME_OPTIONS_OVERRIDE, useValue: (options: RealtimePublisherModuleOptions) => options },
    {
      provide: GIVEN_OPTIONS,
      inject: [MODULE_OPTIONS_TOKEN, REALTIME_OPTIONS_OVERRIDE, ModulesContainer],
      useFactory: (
        options: RealtimePublisherModuleOptions,
        override: RealtimeOptionsOverride,
        modules: ModulesContainer,
      ) => {
        rejectRealtimeModule(modules);
        return override(options);
      },
    },
    {
      provide: REALTIME_OPTIONS,
      inject: [GIVEN_OPTIONS],
      useFactory: (options: RealtimePublisherModuleOptions) => resolvePublisherOptions(options, systemEnvironment),
    },
    {
      provide: ENVIRONMENT,
      inject: [REALTIME_OPTIONS],
      useFactory: ({ environment }: ResolvedPublisherOptions) => environment,
    },
    {
      provide: REALTIME_LOG,
      inject: [REALTIME_OPTIONS],
      useFactory: ({ environment }: ResolvedPublisherOptions) => new RealtimeLog(new Logger('Realtime'), environment),
    },
    {
      provide: BROKER,
      inject: [GIVEN_OPTIONS, REALTIME_OPTIONS, REALTIME_LOG],
      useFactory: (
        { broker }: RealtimePublisherModuleOptions,
        { environment, history, actionWindowMs }: ResolvedPublisherOptions,
        log: RealtimeLog,
      ) => createSharedBroker(broker, { environment, history, actionWindowMs, log }),
    },
    {
      provide: TopicRegistry,
      inject: [BROKER, REALTIME_OPTIONS, REALTIME_LOG],
      useFactory: (broker: Broker, options: ResolvedPublisherOptions, log: RealtimeLog) =>
        new TopicRegistry({ ...options, broker, log, loader: { load: () => ({ type: 'nothing' }) } }),
    },
    BrokerState,
    DrainState,
    RealtimeBus,
    RealtimeLeases,
    PublisherLifecycle,
  ],
  exports: [RealtimeBus, RealtimeLeases],
})
export class RealtimePublisherModule {
  /** The module checks the options when the application starts. */
  static forRoot(options: RealtimePublisherModuleOptions): DynamicModule {
    // Nest's own `forRoot` copies the options before the check could report a wrong type.
    return this.forRootAsync({ useFactory: () => options });
  }

  /**
   * Takes the options from a factory or a class, with dependencies from Nest. Otherwise the same as {@link forRoot}.
   */
  static forRootAsync(options: ConfigurableModuleAsyncOptions<RealtimePublisherModuleOptions>): DynamicModule {
    return { ...ConfigurableModuleClass.forRootAsync(options), module: RealtimePublisherModule };
  }
}

/** @throws Error if the application imports both modules: each would have a bus and a broker of its own. */
function rejectRealtimeModule(modules: ModulesContainer): void {
  if (![...modules.values()].some(({ metatype }) => metatype === RealtimeModule)) return;
  throw new Error(
    'The application imports RealtimeModule and RealtimePublisherModule. Import RealtimeModule alone: its RealtimeBus ' +
      'publishes as well.',
  );
}
