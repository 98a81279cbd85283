import type { HttpServer, INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { REALTIME_OPTIONS_OVERRIDE, type RealtimeModuleOptions } from '@statewire/nest';
import { SimulatedNetwork, VirtualEnvironment, type LinkConditions, type VirtualProcess } from '@statewire/testing';

import { awaitCrypto } from './crypto-work.js';
import { Expiry } from './expiry.js';
import { LastingBroker } from './lasting-broker.js';
import { Pass } from './pass.js';
import type { SimulatedClient } from './simulated-client.js';
import { SimulatedServer } from './simulated-server.js';
import { Simulation } from './simulation.js';
import { statusText } from './status-text.js';
import { installVirtualTime } from './virtual-time.js';

/** What is simulated: a module like the application's root module, and how the world around it is. */
export interface SimulationOptions extends ModuleMetadata {
  /** What randomness grows from. Default: `STATEWIRE_SEED` of the environment, or another one each time. */
  readonly seed?: number;
  /** What the network is like. Default: 10 ms each way. */
  readonly network?: Partial<LinkConditions>;
  /** Default `express`. */
  readonly platform?: 'express' | 'fastify';
  /**
   * Replaces providers, `builder.overrideProvider(Mailer).useValue(fake)`. Called at each start, with clock, timers,
   * randomness and ids of the process that starts: for an application that has providers of its own for these.
   */
  readonly override?: (builder: TestingModuleBuilder, environment: VirtualProcess) => unknown;
  /** Does what `main.ts` does before it listens: global pipes, prefix, CORS. Called at each start. */
  readonly configure?: (app: INestApplication) => void | Promise<void>;
  /**
   * Whether what the broker remembers outlives stops and crashes, as it does in Redis: positions, history, answers of
   * actions. Default false: it is lost with the process.
   */
  readonly keepBroker?: boolean;
  /** Default: nothing is logged. */
  readonly logger?: LoggerService;
}

/** Turns of the event loop without a movement after which nothing is under way any more in Node's own parts. */
const QUIET_TURNS = 3;

const LATENCY = 10;

/** Clients whose state a failure tells. */
const MOST_TOLD = 10;

/**
 * Starts an application on a simulated network and a virtual clock: the real application with its guards, middleware and
 * adapters, real clients, and between them bytes that can be cut, held back and slowed down. No port, no sleep.
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
    const what = [`server ${server.isUp ? 'up' : 'down'}`, ...who.slice(0, MOST_TOLD)];
    return `${what.join(', ')}; seed ${seed}: STATEWIRE_SEED=${seed} runs it again`;
  };
  const pass = new Pass(environment, circumstances);
  const network = new SimulatedNetwork(environment, { latency: LATENCY, ...conditions });
  const expiry = new Expiry(() => server.process.now());
  const broker = keepBroker ? new LastingBroker(environment.fork()) : undefined;
  const server: SimulatedServer = new SimulatedServer(
    environment,
    (process) => startApplication(options, process, expiry, broker),
    () => network.paths,
    pass,
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
  return new Simulation({ seed, environment, network, server, clients, expiry, pass, restore });
}

function seedOfRun(): number {
  const given = Number(process.env['STATEWIRE_SEED']);
  return Number.isSafeInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 32);
}

async function startApplication(
  { platform = 'express', override, configure, logger, ...options }: SimulationOptions,
  process: VirtualProcess,
  expiry: Expiry,
  broker: LastingBroker | undefined,
): Promise<INestApplication> {
  const { imports = [], providers = [], controllers = [], exports = [] } = options;
  const builder = Test.createTestingModule({ imports, providers, controllers, exports });
  builder.setLogger(logger ?? SILENT);
  builder
    .overrideProvider(REALTIME_OPTIONS_OVERRIDE)
    .useValue((given: RealtimeModuleOptions): RealtimeModuleOptions => ({
      ...given,
      authenticate: expiry.apply(given.authenticate),
      environment: process,
      ...(broker !== undefined && { broker: broker.connect }),
    }));
  override?.(builder, process);
  const module = await builder.compile();
  const app = module.createNestApplication(await adapter(platform));
  await configure?.(app);
  await app.init();
  // Fastify builds its routes when it listens, or when it is asked to.
  if (platform === 'fastify') await (app.getHttpAdapter().getInstance() as { ready(): PromiseLike<unknown> }).ready();
  return app;
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
