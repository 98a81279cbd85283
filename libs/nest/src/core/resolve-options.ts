import type { Broker, BrokerContext, BrokerFactory } from './broker.js';
import { keepAlive, type Environment } from './environment.js';
import { isOption, MEMORY_BROKER_TABLE, OPTION_TABLE, type OptionSpec } from './options-table.js';
import type {
  FrameOptions,
  MemoryBrokerOptions,
  RealtimeModuleOptions,
  RealtimePublisherModuleOptions,
  ResolvedRealtimeOptions,
  TimeoutOptions,
} from './options.js';

/** Bytes of a member of a presence topic besides its info, rounded up. */
const MEMBER_ENVELOPE_BYTES = 64;

const ENVIRONMENT_PARTS = ['now', 'monotonic', 'setTimer', 'defer', 'random', 'id'] as const;

/** One option that cannot be used. */
export interface OptionProblem {
  /** Path of the option, such as `heartbeat.intervalMs`. */
  readonly option: string;
  /** The accepted values, in words that follow "must be". */
  readonly expected: string;
  /** The given value. */
  readonly got: unknown;
}

/** Thrown at start when options cannot be used. Lists every problem, so that one start finds them all. */
export class RealtimeOptionsError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'RealtimeOptionsError';

  constructor(
    /** Every option that cannot be used, at least one. */
    readonly problems: readonly OptionProblem[],
    /** Name of the module that cannot start. */
    module = 'RealtimeModule',
  ) {
    super(`${module} cannot start:\n${problems.map(describe).join('\n')}`);
  }
}

/**
 * Fills in every default and checks every option.
 *
 * @param system the clock, timers, random numbers and ids that `options.environment` does not replace.
 * @param isProduction whether `drain.windowMs` has its default of production.
 * @throws RealtimeOptionsError with every option that cannot be used.
 */
export function resolveOptions(
  options: RealtimeModuleOptions | undefined,
  system: Environment,
  isProduction = true,
): ResolvedRealtimeOptions {
  const problems: OptionProblem[] = [];
  const given = readObject(options, 'options', problems);
  reportUnknown(given, [...Object.keys(OPTION_TABLE), 'broker', 'environment'], '', problems);
  const listed = readTable(given, OPTION_TABLE, '', problems) as Omit<ResolvedRealtimeOptions, 'environment'>;
  const environment = readEnvironment(given.environment, system, problems);
  checkBroker(given.broker, problems);
  const drain = { ...listed.drain };
  // A process that `nest start --watch` replaces has no other node for its clients.
  if (!isProduction && options?.drain?.windowMs === undefined) drain.windowMs = 0;
  const resolved = { ...listed, drain, presence: fitMembers(listed, options), environment };
  checkTogether(resolved, problems);
  if (problems.length > 0) throw new RealtimeOptionsError(problems);
  return resolved;
}

/** The options of a publisher: checked at start, with every default filled in. */
export interface ResolvedPublisherOptions extends Pick<
  ResolvedRealtimeOptions,
  'history' | 'actionWindowMs' | 'environment'
> {
  readonly limits: { readonly frames: Pick<FrameOptions, 'publicationBytes'>; readonly timeouts: TimeoutOptions };
}

const PUBLISHER_TABLE = {
  history: OPTION_TABLE.history,
  actionWindowMs: OPTION_TABLE.actionWindowMs,
  limits: { frames: { publicationBytes: OPTION_TABLE.limits.frames.publicationBytes } },
};

/** A broker that a publisher can use, in words that follow "must be". */
const SHARED_BROKER =
  'a broker that other processes share, such as redisBroker({ url }), because this process serves no client';

/**
 * Fills in every default and checks every option of a publisher.
 *
 * @throws RealtimeOptionsError with every option that cannot be used.
 */
export function resolvePublisherOptions(
  options: RealtimePublisherModuleOptions | undefined,
  system: Environment,
): ResolvedPublisherOptions {
  const problems: OptionProblem[] = [];
  const given = readObject(options, 'options', problems);
  reportUnknown(given, ['broker', ...Object.keys(PUBLISHER_TABLE), 'environment'], '', problems);
  const listed = readTable(given, PUBLISHER_TABLE, '', problems) as Omit<ResolvedPublisherOptions, 'environment'>;
  const environment = readEnvironment(given.environment, system, problems);
  if (given.broker === undefined) problems.push({ option: 'broker', expected: SHARED_BROKER, got: undefined });
  checkBroker(given.broker, problems);
  if (problems.length > 0) throw new RealtimeOptionsError(problems, PUBLISHER);
  const timeouts = readTable({}, OPTION_TABLE.limits.timeouts, '', []) as TimeoutOptions;
  return { ...listed, limits: { ...listed.limits, timeouts }, environment };
}

/** @throws (rejects) the error of the factory; RealtimeOptionsError if no other process shares the broker. */
export async function createSharedBroker(given: Broker | BrokerFactory, context: BrokerContext): Promise<Broker> {
  const broker = typeof given === 'function' ? await createBroker(given, context, PUBLISHER) : given;
  if (broker.isShared) return broker;
  await broker.dispose();
  const got = `the ${broker.name} broker, which reaches nobody but this process`;
  throw new RealtimeOptionsError([{ option: 'broker', expected: SHARED_BROKER, got }], PUBLISHER);
}

const PUBLISHER = 'RealtimePublisherModule';

/**
 * Fills in every default and checks every option of a memory broker.
 *
 * @throws RealtimeOptionsError with every option that cannot be used.
 */
export function resolveMemoryBrokerOptions(options: MemoryBrokerOptions): Required<MemoryBrokerOptions> {
  const problems: OptionProblem[] = [];
  const resolved = readGroup(options, MEMORY_BROKER_TABLE, 'memoryBroker', problems);
  if (problems.length > 0) throw new RealtimeOptionsError(problems);
  return resolved as Required<MemoryBrokerOptions>;
}

type Given = Readonly<Record<string, unknown>>;

function readObject(value: unknown, path: string, problems: OptionProblem[]): Given {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Given;
  problems.push({ option: path, expected: 'an object', got: value });
  return {};
}

/** Reports each key without a meaning: a mistyped option would do nothing, in silence. */
function reportUnknown(given: Given, optionNames: readonly string[], prefix: string, problems: OptionProblem[]): void {
  for (const key of Object.keys(given)) {
    if (optionNames.includes(key)) continue;
    const expected = `left out, because there is no such option (there are ${optionNames.join(', ')})`;
    problems.push({ option: prefix + key, expected, got: given[key] });
  }
}

/** Reads the options of a table. A table in a table is a group, at any depth. */
function readTable(given: Given, table: object, prefix: string, problems: OptionProblem[]): object {
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]: [string, object]) => {
      const path = prefix + name;
      if (isOption(entry)) return [name, readOption(given[name], entry, path, problems)];
      return [name, readGroup(given[name], entry, path, problems)];
    }),
  );
}

function readGroup(value: unknown, table: object, path: string, problems: OptionProblem[]): object {
  const group = readObject(value, path, problems);
  reportUnknown(group, Object.keys(table), `${path}.`, problems);
  return readTable(group, table, `${path}.`, problems);
}

function readOption(value: unknown, spec: OptionSpec<unknown>, path: string, problems: OptionProblem[]): unknown {
  if (value === undefined) return spec.default;
  if (spec.accepts(value)) return value;
  const got = spec.isSecret === true ? 'a secret that is not shown' : value;
  problems.push({ option: path, expected: spec.expected, got });
  return spec.default;
}

/** Checks the broker of an application. A function runs when the application starts, so its result is checked then. */
function checkBroker(given: unknown, problems: OptionProblem[]): void {
  if (given === undefined || typeof given === 'function' || isBroker(given)) return;
  problems.push({ option: 'broker', expected: 'a broker, or a function that returns one', got: given });
}

/** @throws (rejects) the error of the factory; RealtimeOptionsError if it returns anything but a broker. */
export async function createBroker(factory: BrokerFactory, context: BrokerContext, module?: string): Promise<Broker> {
  const made: unknown = await keepAlive(() => factory(context));
  if (isBroker(made)) return made;
  const expected = 'a function that returns a broker';
  throw new RealtimeOptionsError([{ option: 'broker', expected, got: made }], module);
}

function isBroker(value: unknown): value is Broker {
  return typeof (value as Partial<Broker> | null | undefined)?.publish === 'function';
}

/** Binds each part, because an environment may be an instance with methods on its prototype. */
function readEnvironment(own: unknown, system: Environment, problems: OptionProblem[]): Environment {
  const given = readObject(own, 'environment', problems);
  const parts = ENVIRONMENT_PARTS.map((name): [string, unknown] => {
    const part = given[name];
    if (typeof part === 'function') return [name, part.bind(given)];
    if (part !== undefined) problems.push({ option: `environment.${name}`, expected: 'a function', got: part });
    return [name, system[name].bind(system)];
  });
  return Object.fromEntries(parts) as unknown as Environment;
}

/** Lowers the default number of members to the number that fits into one publication. */
function fitMembers(
  { presence, limits }: Pick<ResolvedRealtimeOptions, 'presence' | 'limits'>,
  options: RealtimeModuleOptions | undefined,
): ResolvedRealtimeOptions['presence'] {
  const { publicationBytes } = limits.frames;
  if (options?.presence?.members !== undefined || publicationBytes === 0) return presence;
  const room = Math.floor(publicationBytes / (presence.infoBytes + MEMBER_ENVELOPE_BYTES));
  return { ...presence, members: Math.min(presence.members, room) };
}

function checkTogether(options: ResolvedRealtimeOptions, problems: OptionProblem[]): void {
  const { frames, outbox } = options.limits;
  if (outbox.hardMarkBytes > 0 && outbox.softMarkBytes > outbox.hardMarkBytes) {
    const expected = `at most limits.outbox.hardMarkBytes (${outbox.hardMarkBytes})`;
    problems.push({ option: 'limits.outbox.softMarkBytes', expected, got: outbox.softMarkBytes });
  }
  const { members, infoBytes } = options.presence;
  if (frames.publicationBytes > 0 && members * (infoBytes + MEMBER_ENVELOPE_BYTES) > frames.publicationBytes) {
    const max = `limits.frames.publicationBytes (${frames.publicationBytes})`;
    const expected = `so few that they fit ${max} with infoBytes ${infoBytes}`;
    problems.push({ option: 'presence.members', expected, got: members });
  }
  if (options.path === options.httpPath) {
    problems.push({ option: 'path', expected: 'another path than httpPath', got: options.path });
  }
  if (options.allowAnyOrigin && options.allowedOrigins !== undefined) {
    problems.push({ option: 'allowAnyOrigin', expected: 'left out if allowedOrigins is given', got: true });
  }
  const { authenticate, authenticator } = options;
  if (authenticate !== undefined && authenticator !== undefined) {
    problems.push({ option: 'authenticator', expected: 'left out if authenticate is given', got: authenticator });
  }
  if (options.cookie !== undefined && authenticate === undefined && authenticator === undefined) {
    const expected = 'given if cookie is given, unless authenticator is given';
    problems.push({ option: 'authenticate', expected, got: undefined });
  }
}

function describe({ option, expected, got }: OptionProblem): string {
  return `  - option "${option}" must be ${expected}, got ${show(got)}`;
}

function show(value: unknown): string {
  if (typeof value === 'function') return value.name || 'a function';
  if (value instanceof Promise) return 'a promise';
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  try {
    return JSON.stringify(value) ?? 'undefined';
  } catch {
    return `a ${typeof value} that is not JSON`;
  }
}
