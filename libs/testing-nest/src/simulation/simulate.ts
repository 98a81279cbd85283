import type { HttpServer, INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { UnknownElementException } from '@nestjs/core/errors/exceptions/unknown-element.exception.js';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import {
  REALTIME_OPTIONS_OVERRIDE,
  type Authenticate,
  type RealtimeAuthenticator,
  type RealtimeModuleOptions,
} from '@statewire/nest';
import { SimulatedNetwork, VirtualEnvironment, type LinkConditions, type VirtualProcess } from '@statewire/testing';

import { awaitCrypto } from './crypto-work.js';
import { ExpiredTokens } from './expired-tokens.js';
import { KeptBroker } from './kept-broker.js';
import { VirtualTimeWaiter } from './virtual-time-waiter.js';
import type { SimulatedClient } from './simulated-client.js';
import { SimulatedServer } from './simulated-server.js';
import { Simulation } from './simulation.js';
import { statusText } from './status-text.js';
import { installVirtualTime } from './virtual-time.js';

/**
 * Options of {@link simulate}: the metadata of a module, such as the application's root module, and its surroundings.
 */
export interface SimulationOptions extends ModuleMetadata {
  /** Seed of all randomness. Default: the environment variable `STATEWIRE_SEED`, or a random number. */
  readonly seed?: number;
  /** Conditions of the network. Default: 10 ms each way. */
  readonly network?: Partial<LinkConditions>;
  /** The HTTP platform of Nest. Default `express`. */
  readonly platform?: 'express' | 'fastify';
  /**
   * Replaces providers at each start: `builder.overrideProvider(Mailer).useValue(fake)`. `environment` has the clock,
   * the timers, the randomness and the ids of the process that starts.
   */
  readonly override?: (builder: TestingModuleBuilder, environment: VirtualProcess) => unknown;
  /** Configures the application at each start as `main.ts` does before it listens: global pipes, prefix, CORS. */
  readonly configure?: (app: INestApplication) => void | Promise<void>;
  /**
   * Whether the broker's memory (positions, history, answers of actions) outlives stops and crashes, as in Redis. Then
   * `simulation.broker` is the broker with its faults. Default false.
   */
  readonly keepBroker?: boolean;
  /** Logger of the application. Default: it logs nothing. */
  readonly logger?: LoggerService;
}

/** Turns of the event loop without activity after which Node has finished its own work. */
const QUIET_TURNS = 3;

const LATENCY_MS = 10;

/** Number of clients that a failure describes. */
const MAX_DESCRIBED_CLIENTS = 10;

/**
 * Starts an application on a simulated network and a virtual clock. The application, with its guards, middleware and
 * adapter, and the clients are real. The test controls the bytes between them. It opens no port and does not sleep.
 *
 * @example
 * const simulation = await simulate({ imports: [AppModule] });
 * const page = simulation.connect({ token }).watch(battle.with({ battleId: '1' }));
 * await page.live();
 * await simulation.server.restart();
 * await page.live(); // on the new server
 * await simulation.close();
 */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const { seed = seedOfRun(), network: conditions, keepBroker = false } = options;
  const environment = new VirtualEnvironment({ seed, quietTurns: QUIET_TURNS });
  const clients: SimulatedClient[] = [];
  const circumstances = (): string => {
    const who = clients.map(({ status }, index) => `client ${index + 1} ${statusText(status)}`);
    const what = [`server ${server.isUp ? 'up' : 'down'}`, ...who.slice(0, MAX_DESCRIBED_CLIENTS)];
    return `${what.join(', ')}; seed ${seed}: STATEWIRE_SEED=${seed} runs it again`;
  };
  const waiter = new VirtualTimeWaiter(environment, circumstances);
  const network = new SimulatedNetwork(environment, { latency: LATENCY_MS, ...conditions });
  const expiredTokens = new ExpiredTokens(() => server.process.now());
  const broker = keepBroker ? new KeptBroker(environment.fork()) : undefined;
  const server: SimulatedServer = new SimulatedServer(
    environment,
    (process) => startApplication(options, process, expiredTokens, broker),
    () => network.paths,
    waiter,
  );
  const giveTimeBack = installVirtualTime(() => server.process);
  const giveCryptoBack = awaitCrypto(environment.stir);
  const restore = (): void => {
    giveCryptoBack();
    giveTimeBack();
  };
  try {
    await server.start();
  } catch (error) {
    restore();
    throw error;
  }
  return new Simulation({ seed, environment, network, server, clients, expiredTokens, waiter, broker, restore });
}

const DRAIN_WINDOW_MS = 5_000;

function seedOfRun(): number {
  const given = Number(process.env['STATEWIRE_SEED']);
  return Number.isSafeInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 32);
}

async function startApplication(
  { platform = 'express', override, configure, logger, ...options }: SimulationOptions,
  process: VirtualProcess,
  expiredTokens: ExpiredTokens,
  broker: KeptBroker | undefined,
): Promise<INestApplication> {
  const { imports = [], providers = [], controllers = [], exports = [] } = options;
  const builder = Test.createTestingModule({ imports, providers, controllers, exports });
  let authenticator: RealtimeModuleOptions['authenticator'];
  let verifier: RealtimeAuthenticator;
  builder.setLogger(logger ?? SILENT);
  builder
    .overrideProvider(REALTIME_OPTIONS_OVERRIDE)
    .useValue((given: RealtimeModuleOptions): RealtimeModuleOptions => {
      // The module checks an authenticator that has no method, and both options together, as it does in production.
      if (hasMethod(given.authenticator)) authenticator = given.authenticator;
      const verify: Authenticate = (...args) => verifier.authenticate(...args);
      const authenticate = expiredTokens.wrap(authenticator === undefined ? given.authenticate : verify);
      return {
        ...given,
        // The default of production, whatever the environment of the test is.
        ...(given.drain?.windowMs === undefined && { drain: { ...given.drain, windowMs: DRAIN_WINDOW_MS } }),
        ...(authenticator === undefined || authenticate === undefined
          ? { authenticate }
          : { authenticator: { authenticate } }),
        environment: process,
        ...(broker !== undefined && { broker: broker.connect }),
      };
    });
  override?.(builder, process);
  const module = await builder.compile();
  const app = module.createNestApplication(await adapter(platform));
  await configure?.(app);
  await app.init();
  if (authenticator !== undefined) verifier = await instanceOf(module, authenticator);
  // Without `listen()`, Fastify builds its routes in `ready()`.
  if (platform === 'fastify') await (app.getHttpAdapter().getInstance() as { ready(): PromiseLike<unknown> }).ready();
  return app;
}

function hasMethod(authenticator: RealtimeModuleOptions['authenticator']): boolean {
  const { prototype = authenticator } = (authenticator ?? {}) as { prototype?: unknown };
  return typeof (prototype as Partial<RealtimeAuthenticator> | undefined)?.authenticate === 'function';
}

/**
 * Returns the instance that a module provides, or a new one: the module does the same with its option.
 *
 * @throws InvalidClassScopeException if the class has another scope than the default. The module does not start either.
 */
async function instanceOf(
  module: TestingModule,
  authenticator: NonNullable<RealtimeModuleOptions['authenticator']>,
): Promise<RealtimeAuthenticator> {
  if (typeof authenticator !== 'function') return authenticator;
  try {
    return module.get(authenticator, { strict: false });
  } catch (error) {
    if (!(error instanceof UnknownElementException)) throw error;
    return module.get(ModuleRef).create(authenticator);
  }
}

async function adapter(platform: 'express' | 'fastify'): Promise<HttpServer> {
  if (platform === 'express') {
    const { ExpressAdapter } = await import('@nestjs/platform-express');
    return new ExpressAdapter();
  }
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  return new FastifyAdapter();
}

const SILENT: LoggerService = { log() {}, error() {}, warn() {}, debug() {}, verbose() {} };
