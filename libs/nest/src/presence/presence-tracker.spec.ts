import { expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { MemoryBroker } from '../broker/memory/memory-broker.js';
import type { HandlerRegistry } from '../handlers/handler-registry.js';
import type { CallerContext } from '../core/realtime-request.js';
import { RealtimeLog } from '../core/realtime-log.js';
import { Counters } from '../core/counters.js';
import type { RealtimeModuleOptions } from '../core/options.js';
import { resolveOptions } from '../core/resolve-options.js';
import type { ResolvedTopic } from '../topics/topic-loader.js';
import { PresenceTracker } from './presence-tracker.js';

const BATTLE: ResolvedTopic = { name: 'battles/42', kind: 'state' };
const MAX_CLIENTS = 100;

class SmallNode extends PresenceTracker {
  protected override readonly maxClients = MAX_CLIENTS;
}

interface SetUpOptions extends Pick<RealtimeModuleOptions, 'presence' | 'polling'> {
  readonly environment?: VirtualEnvironment;
}

function setUp({ environment = new VirtualEnvironment(), ...given }: SetUpOptions = {}) {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = new RealtimeLog({ debug: write, log: write, warn: write, error: write }, environment);
  const options = resolveOptions({ environment, ...given }, environment);
  const broker = new MemoryBroker({ environment, log, history: options.history });
  const handler = { load: (): unknown => ({ type: 'nothing' }), serialize: (value: unknown) => value };
  const registry = { presence: (name: string) => (name === BATTLE.name ? { handler, params: {} } : undefined) };
  const counters = new Counters();
  const tracker = new SmallNode(registry as unknown as HandlerRegistry, broker, options, log, counters);
  const enter = (clientId: string, topic = BATTLE, admission = 'hello') => {
    const caller = { headers: {}, cookies: {}, ip: '203.0.113.7', admission, clientId, identity: undefined };
    return tracker.enter(topic, caller as CallerContext);
  };
  return { tracker, broker, counters, enter, environment, handler, lines };
}

test('counts no members without a presence topic or without a client id', () => {
  const { enter } = setUp();
  expect(enter('a', { name: 'lobby', kind: 'state' })).toBeUndefined();
  expect(enter('')).toBeUndefined();
});

test('keeps a polling client for two intervals if the grace period is shorter', async () => {
  const environment = new VirtualEnvironment();
  const { tracker, enter } = setUp({ environment, presence: { graceMs: 1_000 }, polling: { intervalMs: 4_000 } });
  enter('connected')?.leave();
  enter('polling', BATTLE, 'http')?.leave();
  await environment.advance(1_000);
  expect(tracker.sizes.clients).toBe(1);
  await environment.advance(6_999);
  expect(tracker.sizes.clients).toBe(1);
  await environment.advance(1);
  expect(tracker.sizes.clients).toBe(0);
});

test('tracks a limited number of clients, logs this once, and tracks new ones when others leave', async () => {
  const { tracker, broker, counters, enter, environment, lines } = setUp();
  const first = enter('client-0');
  for (let n = 1; n < MAX_CLIENTS; n++) enter(`client-${n}`);
  await environment.advance(1_000);
  expect(await broker.members(BATTLE.name)).toHaveLength(MAX_CLIENTS);
  expect(enter('one-more')).toBeUndefined();
  expect(enter('and-another')).toBeUndefined();
  expect(lines.filter((line) => line.includes('presence-full'))).toHaveLength(1);
  expect(counters).toMatchObject({ presenceJoins: MAX_CLIENTS, presenceUncounted: 2 });
  expect(tracker.sizes).toEqual({ topics: 1, clients: MAX_CLIENTS });
  first?.end();
  expect(enter('one-more')).toBeDefined();
  tracker.dispose();
  expect(tracker.sizes).toEqual({ topics: 0, clients: 0 });
  expect(enter('late')).toBeUndefined();
});

test.each<[string, string, string]>([
  ['too large', JSON.stringify('x'.repeat(2_000)), 'has 2002 bytes, but presence.infoBytes is 1024. Return less info'],
  ['too deep for a list of members', '['.repeat(254) + ']'.repeat(254), 'nests deeper than 253 levels'],
])('leaves out an info that is %s, and the log says why', async (_, info, reason) => {
  const { broker, enter, environment, handler, lines } = setUp();
  handler.load = () => ({ type: 'value', value: Promise.resolve(JSON.parse(info)) });
  enter('a');
  await environment.settle();
  expect(await broker.members(BATTLE.name)).toHaveLength(1);
  expect(lines).toEqual([expect.stringContaining(reason)]);
});

test('logs an exception of a handler as an error, not as a reason', async () => {
  const { enter, environment, handler, lines } = setUp();
  handler.load = () => {
    throw new Error(`thrown ${lines.length}`);
  };
  enter('a');
  await environment.settle();
  handler.load = () => {
    throw new Error('thrown anew');
  };
  enter('b');
  await environment.settle();
  expect(lines).toEqual(['presence-info-left-out topic=presence/battles/42 error="Error: thrown 0"']);
});
