import type { CanActivate } from '@nestjs/common';
import { isIP } from 'node:net';

import type { Environment } from './environment.js';
import { OptionReader, RealtimeOptionsError, type OptionProblem } from './option-reader.js';
import type { RealtimeLimits, RealtimeModuleOptions, ResolvedRealtimeOptions } from './options.js';

const KiB = 1024;

/** What a member of a presence topic takes beside its info, about. */
const MEMBER_ENVELOPE = 64;

/** The one table of limits. */
export const DEFAULT_LIMITS: RealtimeLimits = {
  frameBytes: 64 * KiB,
  depth: 32,
  headersTimeout: 9_000,
  helloTimeout: 5_000,
  authenticationTimeout: 10_000,
  framesPerSecond: 20,
  framesPerSecondPerUser: 200,
  framesPerSecondPerAddress: 4_000,
  refusedFrames: 100,
  badFrames: 10,
  subscriptions: 128,
  connectionsPerUser: 20,
  connectionsPerAddress: 200,
  connectsPerSecondPerUser: 20,
  connectsPerSecondPerAddress: 50,
  pendingPerAddress: 20,
  maxPublication: 256 * KiB,
  outboxSoftMark: 64 * KiB,
  outboxHardMark: KiB * KiB,
  outboxTotal: 256 * KiB * KiB,
  stalledTimeout: 10_000,
  actionTimeout: 30_000,
  waitingFrames: 64,
  pipelinedFrames: 256,
  pipelinedBytes: 256 * KiB,
  loadTimeout: 2_000,
  linger: 60_000,
};

const ENHANCERS = ['guards', 'pipes', 'interceptors', 'filters'];
const OPTIONS = [
  ...['path', 'httpPath', 'enabled', 'authenticate', 'cookie', 'connectionGuards', 'allowedOrigins', 'allowAnyOrigin'],
  ...['trustedProxies', 'heartbeat', 'polling', 'actionWindow', 'globalEnhancers', 'history', 'limits', 'drain'],
  ...['presence', 'broker', 'environment'],
];

/**
 * Fills in every default and checks every option.
 *
 * @param system where everything impure comes from unless `options.environment` says otherwise.
 * @throws RealtimeOptionsError that lists every option that cannot be used.
 */
export function resolveOptions(
  options: RealtimeModuleOptions | undefined,
  system: Environment,
): ResolvedRealtimeOptions {
  const problems: OptionProblem[] = [];
  const reader = new OptionReader(options, problems);
  reader.refuseOthers(OPTIONS);
  const independent: Omit<ResolvedRealtimeOptions, 'presence'> = {
    path: reader.read('path', '/ws', 'a path like "/ws"', isPath),
    httpPath: reader.read('httpPath', '/realtime', 'a path like "/realtime"', isPath),
    enabled: reader.boolean('enabled', true),
    authenticate: reader.read('authenticate', undefined, 'a function', isFunction),
    cookie: reader.read('cookie', undefined, 'the name of a cookie', isCookieName),
    connectionGuards: reader.read('connectionGuards', [], 'a list of guards', isGuards),
    allowedOrigins: reader.read('allowedOrigins', undefined, 'origins like ["https://play.example"]', isOrigins),
    allowAnyOrigin: reader.boolean('allowAnyOrigin', false),
    trustedProxies: reader.read('trustedProxies', [], 'addresses, CIDR blocks or "loopback"', isProxies),
    heartbeat: readHeartbeat(reader.nested('heartbeat')),
    polling: readPolling(reader.nested('polling')),
    actionWindow: reader.integer('actionWindow', 120_000, 1),
    globalEnhancers: reader.read(
      'globalEnhancers',
      ['guards', 'pipes'],
      `some of ${ENHANCERS.join(', ')}`,
      isEnhancers,
    ),
    history: readHistory(reader.nested('history')),
    limits: readLimits(reader.nested('limits')),
    drain: readDrain(reader.nested('drain')),
    environment: readEnvironment(reader.nested('environment'), options?.environment, system),
  };
  const resolved = { ...independent, presence: readPresence(reader.nested('presence'), independent.limits) };
  checkTogether(resolved, problems);
  if (problems.length > 0) throw new RealtimeOptionsError(problems);
  return resolved;
}

function readHeartbeat(reader: OptionReader): ResolvedRealtimeOptions['heartbeat'] {
  reader.refuseOthers(['interval', 'timeout']);
  return { interval: reader.integer('interval', 30_000, 1), timeout: reader.integer('timeout', 10_000, 1) };
}

function readPolling(reader: OptionReader): ResolvedRealtimeOptions['polling'] {
  reader.refuseOthers(['interval']);
  return { interval: reader.integer('interval', 2_000, 1) };
}

function readHistory(reader: OptionReader): ResolvedRealtimeOptions['history'] {
  reader.refuseOthers(['count', 'bytes', 'age']);
  return {
    count: reader.integer('count', 1_024),
    bytes: reader.integer('bytes', KiB * KiB),
    age: reader.integer('age', 300_000),
  };
}

function readDrain(reader: OptionReader): ResolvedRealtimeOptions['drain'] {
  reader.refuseOthers(['window', 'batch']);
  return { window: reader.integer('window', 5_000), batch: reader.integer('batch', 100, 1) };
}

function readPresence(reader: OptionReader, { maxPublication }: RealtimeLimits): ResolvedRealtimeOptions['presence'] {
  reader.refuseOthers(['grace', 'interval', 'members', 'infoBytes']);
  const infoBytes = reader.integer('infoBytes', KiB, 1);
  const room = maxPublication === 0 ? Infinity : Math.floor(maxPublication / (infoBytes + MEMBER_ENVELOPE));
  return {
    grace: reader.integer('grace', 10_000),
    interval: reader.integer('interval', 250),
    members: reader.integer('members', Math.min(100, room)),
    infoBytes,
  };
}

function readLimits(reader: OptionReader): RealtimeLimits {
  const names = Object.keys(DEFAULT_LIMITS) as (keyof RealtimeLimits)[];
  reader.refuseOthers(names);
  const limits = names.map((name) => [name, reader.integer(name, DEFAULT_LIMITS[name])] as const);
  return Object.fromEntries(limits) as unknown as RealtimeLimits;
}

/** Binds each part: an environment may be an instance whose methods live on its prototype. */
function readEnvironment(reader: OptionReader, own: Partial<Environment> = {}, system: Environment): Environment {
  const part = <Name extends keyof Environment>(name: Name): Environment[Name] => {
    const given = reader.read<Environment[Name] | undefined>(name, undefined, 'a function', isFunction);
    return (given === undefined ? system[name].bind(system) : given.bind(own)) as Environment[Name];
  };
  return {
    now: part('now'),
    monotonic: part('monotonic'),
    setTimer: part('setTimer'),
    defer: part('defer'),
    random: part('random'),
    id: part('id'),
  };
}

function checkTogether(options: ResolvedRealtimeOptions, problems: OptionProblem[]): void {
  const { limits } = options;
  if (limits.outboxHardMark > 0 && limits.outboxSoftMark > limits.outboxHardMark) {
    const expected = `at most limits.outboxHardMark (${limits.outboxHardMark})`;
    problems.push({ option: 'limits.outboxSoftMark', expected, got: limits.outboxSoftMark });
  }
  const { members, infoBytes } = options.presence;
  if (limits.maxPublication > 0 && members * (infoBytes + MEMBER_ENVELOPE) > limits.maxPublication) {
    const expected = `so few that they fit limits.maxPublication (${limits.maxPublication}) with infoBytes ${infoBytes}`;
    problems.push({ option: 'presence.members', expected, got: members });
  }
  if (options.path === options.httpPath) {
    problems.push({ option: 'path', expected: 'another path than httpPath', got: options.path });
  }
  if (options.allowAnyOrigin && options.allowedOrigins !== undefined) {
    problems.push({ option: 'allowAnyOrigin', expected: 'left out where allowedOrigins is given', got: true });
  }
  if (options.cookie !== undefined && options.authenticate === undefined) {
    problems.push({ option: 'authenticate', expected: 'given where cookie is', got: undefined });
  }
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && /^(\/[A-Za-z0-9._~-]+)+$/.test(value);
}

function isListOf(value: unknown, accepts: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(accepts);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function isCookieName(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(value);
}

function isGuards(value: unknown): boolean {
  return isListOf(
    value,
    (guard) => isFunction(guard) || isFunction((guard as Partial<CanActivate> | null)?.canActivate),
  );
}

function isOrigins(value: unknown): boolean {
  return isListOf(value, (text) => typeof text === 'string' && URL.canParse(text) && new URL(text).origin === text);
}

function isProxies(value: unknown): boolean {
  return isListOf(value, (proxy) => typeof proxy === 'string' && isProxy(proxy));
}

function isProxy(value: string): boolean {
  if (value === 'loopback') return true;
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function isEnhancers(value: unknown): boolean {
  return isListOf(value, (enhancer) => typeof enhancer === 'string' && ENHANCERS.includes(enhancer));
}
