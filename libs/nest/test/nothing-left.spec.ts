import { afterEach, expect, test } from '@jest/globals';
import { ApplicationConfig, HttpAdapterHost, MetadataScanner, ModuleRef, ModulesContainer } from '@nestjs/core';

import { RealtimeLog, RealtimeModule, systemEnvironment, type Environment } from '../src/index.js';
import { FrameRates } from '../src/admission/frame-rates.js';
import { ConnectionLimits } from '../src/connection/connection-limits.js';
import { RequestLimits } from '../src/http/request-limits.js';
import { Counters } from '../src/metrics/counters.js';
import { TestApplication } from '../src/testing/test-application.js';
import { arenaProviders, authenticate, battle, notices } from './arena.fixture.js';
import { poll, post } from './transports.js';

/** Forget with the next request, or when asked for their size. */
const FORGETFUL = [RequestLimits, FrameRates, ConnectionLimits];
const CLIENTS = 60;
const ROUNDS = 3;
/** Everything is forgotten in its time, and that runs so much faster here. */
const HASTE = 50;

const hasty: Partial<Environment> = {
  now: () => systemEnvironment.now() * HASTE,
  monotonic: () => systemEnvironment.monotonic() * HASTE,
  setTimer: (callback, delay) => systemEnvironment.setTimer(callback, delay / HASTE),
};

let arena: TestApplication;

afterEach(() => arena.close());

test('R17: when everybody has left, whichever way, nothing of them is held', async () => {
  arena = await TestApplication.start({
    realtime: {
      authenticate,
      environment: hasty,
      actionWindow: 5_000,
      history: { age: 10_000 },
      heartbeat: { interval: 3_600_000 },
      // Deadlines that would pass too early in that haste.
      limits: { helloTimeout: 0, authenticationTimeout: 0, loadTimeout: 0, actionTimeout: 0, linger: 5_000 },
    },
    providers: arenaProviders,
  });
  const before = held();
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(Array.from({ length: CLIENTS }, (_, n) => comeAndGo(round * CLIENTS + n)));
  }
  expect(total(held())).toBeGreaterThan(total(before));
  await expect(eventually(before)).resolves.toEqual(before);
}, 20_000);

/** One client that follows topics and acts; every other one over HTTP, every third socket without a farewell. */
async function comeAndGo(n: number): Promise<void> {
  const clientId = `client-${n}`.padEnd(24, '-');
  const topics = [
    { topic: `battles/${n}` },
    { topic: `presence/battles/${n}` },
    { topic: 'notices' },
    { topic: `secrets/user-${n}` },
  ];
  const action = { id: '1', name: 'double', data: { n } };
  if (n % 2 === 0) {
    await poll(arena, topics, { clientId, headers: { authorization: `Bearer user-${n}` } });
    await post(arena, '/realtime/actions', { clientId, ...action }, { authorization: `Bearer user-${n}` });
    return;
  }
  const socket = await arena.connect();
  await socket.hello(`user-${n}`, clientId);
  socket.send({ type: 'subscribe', topics });
  socket.send({ type: 'action', ...action });
  await socket.next('ack');
  for (const { topic } of topics) await socket.next('subscribed', (frame) => frame.topic === topic);
  await arena.bus.publish(battle.with({ battleId: String(n) }), { hp: -n });
  await arena.bus.publish(notices.with(), { text: `from ${n}` });
  await socket.next(['patch', 'snapshot'], (frame) => frame.topic === `battles/${n}` && frame.offset === 2);
  if (n % 3 === 0) socket.webSocket.terminate();
  else await socket.close();
}

/** Sizes of all collections that the module's providers reach, by where they are. */
type Held = Readonly<Record<string, number>>;

function held(): Held {
  const sizes: Record<string, number> = {};
  const seen = new Set<unknown>([arena.app.getHttpServer()]);
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null || seen.has(value) || isApart(value)) return;
    seen.add(value);
    if (FORGETFUL.some((type) => value instanceof type)) {
      expect((value as { readonly size: number }).size).toBeGreaterThanOrEqual(0);
    }
    if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
      const items = [...(value as Iterable<unknown>)];
      if (items.length > 0) sizes[path] = (sizes[path] ?? 0) + items.length;
      for (const item of items.flat()) walk(item, `${path}[]`);
    } else {
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
    }
  };
  for (const [token, { instance }] of ownProviders()) walk(instance, token);
  return sizes;
}

/** Nest's own; and the log and the counters, which remember each kind of line and outcome and nothing of clients. */
function isApart(value: object): boolean {
  const apart = [
    ApplicationConfig,
    HttpAdapterHost,
    MetadataScanner,
    ModuleRef,
    ModulesContainer,
    RealtimeLog,
    Counters,
  ];
  return apart.some((type) => value instanceof type);
}

function ownProviders(): readonly (readonly [string, { readonly instance: unknown }])[] {
  const modules = [...arena.get(ModulesContainer).values()];
  const own = modules.find(({ metatype }) => metatype === RealtimeModule);
  return [...(own?.providers ?? [])].map(([token, wrapper]) => [
    typeof token === 'function' ? token.name : String(token),
    wrapper,
  ]);
}

function total(sizes: Held): number {
  return Object.values(sizes).reduce((sum, size) => sum + size, 0);
}

/** What is held once it is as expected, or after some seconds. */
async function eventually(expected: Held): Promise<Held> {
  const deadline = Date.now() + 8_000;
  for (;;) {
    const now = held();
    if (JSON.stringify(now) === JSON.stringify(expected) || Date.now() > deadline) return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
