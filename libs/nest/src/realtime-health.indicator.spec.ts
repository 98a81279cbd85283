import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';
import { BehaviorSubject } from 'rxjs';

import { BrokerState } from './core/broker-state.js';
import type { BrokerStatus } from './core/broker.js';
import { RealtimeLog } from './core/realtime-log.js';
import { RealtimeHealthIndicator } from './realtime-health.indicator.js';

function create() {
  const environment = new VirtualEnvironment();
  const drain = { draining: false };
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = new RealtimeLog({ debug: write, log: write, warn: write, error: write }, environment);
  const status = new BehaviorSubject<BrokerStatus>({ state: 'up' });
  const broker = new BrokerState({ name: 'redis', status }, environment, log);
  return { environment, drain, lines, status, broker, health: new RealtimeHealthIndicator(drain, broker) };
}

describe('RealtimeHealthIndicator', () => {
  test('is up while the broker is in reach, with a result for terminus', async () => {
    const { health } = create();
    expect(await health.check({ requireBroker: true })).toEqual({ status: 'up' });
    expect(await health.isHealthy('realtime')).toEqual({ realtime: { status: 'up' } });
  });

  test('R11: is down when the drain starts', async () => {
    const { drain, health } = create();
    drain.draining = true;
    expect(await health.isHealthy('realtime')).toEqual({ realtime: { status: 'down', reason: 'draining' } });
  });

  test('reports a broker that is away, and is down only if the check requires the broker', async () => {
    const { health, status } = create();
    status.next({ state: 'away', since: 7 });
    expect(await health.check()).toEqual({ status: 'up', brokerAwaySince: 7 });
    expect(await health.check({ requireBroker: true })).toEqual({
      ...{ status: 'down', reason: 'broker', brokerAwaySince: 7 },
    });
    status.next({ state: 'up' });
    expect(await health.check({ requireBroker: true })).toEqual({ status: 'up' });
  });
});

describe('BrokerState', () => {
  test('logs each outage once, with its duration, and counts it', async () => {
    const { broker, environment, lines, status } = create();
    status.next({ state: 'up' });
    const since = environment.now();
    status.next({ state: 'away', since });
    await environment.advance(1_500);
    status.next({ state: 'away', since });
    expect([broker.awayMs, broker.outages]).toEqual([1_500, 1]);
    await environment.advance(1_500);
    status.next({ state: 'up' });
    expect([broker.awayMs, broker.outages]).toEqual([0, 1]);
    expect(lines).toEqual(['broker-away broker=redis', 'broker-back broker=redis awayMs=3000']);
  });

  test('knows a broker that is away from the start', () => {
    const { environment, status } = create();
    status.next({ state: 'away', since: environment.now() });
    const log = { info: () => undefined, warn: () => undefined };
    expect(new BrokerState({ name: 'redis', status }, environment, log).outages).toBe(1);
  });
});
