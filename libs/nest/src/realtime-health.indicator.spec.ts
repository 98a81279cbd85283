import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';
import { NEVER } from 'rxjs';

import type { Broker } from './core/broker.js';
import { MemoryBroker } from './broker/memory/memory-broker.js';
import { RealtimeLog } from './core/realtime-log.js';
import { Gate } from '../test/support/connection-rig.js';
import { RealtimeHealthIndicator } from './realtime-health.indicator.js';

function create(request?: Broker['request']) {
  const environment = new VirtualEnvironment();
  const drain = { draining: false, began: NEVER, ended: NEVER };
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = new RealtimeLog({ debug: write, log: write, warn: write, error: write }, environment);
  const broker = new MemoryBroker({ environment, history: { count: 1, bytes: 0, ageMs: 0 }, log });
  if (request) broker.request = request;
  return { environment, drain, lines, health: new RealtimeHealthIndicator(drain, broker, environment, log) };
}

describe('RealtimeHealthIndicator', () => {
  test('is up while the broker answers, with a result for terminus', async () => {
    const { health } = create();
    expect(await health.check()).toEqual({ status: 'up' });
    expect(await health.isHealthy('realtime')).toEqual({ realtime: { status: 'up' } });
  });

  test('R11: is down when the drain starts', async () => {
    const { drain, health } = create();
    drain.draining = true;
    expect(await health.isHealthy('realtime')).toEqual({ realtime: { status: 'down', reason: 'draining' } });
  });

  test('is down when the broker fails, and logs the error', async () => {
    const { health, lines } = create(() => Promise.reject(new Error('refused')));
    expect(await health.check()).toEqual({ status: 'down', reason: 'broker' });
    expect(lines).toEqual(['broker-failed reason=health']);
  });

  test('is down when the broker exceeds the timeout, and up again when it answers', async () => {
    const gate = new Gate<undefined>();
    let asked = 0;
    const { environment, health } = create(() => {
      asked += 1;
      return gate.opened;
    });
    const checks = Array.from({ length: 100 }, () => health.check({ timeoutMs: 500 }));
    await environment.advance(499);
    const patient = health.check({ timeoutMs: 0 });
    await environment.advance(1);
    for (const check of checks) expect(await check).toEqual({ status: 'down', reason: 'broker' });
    expect(asked).toBe(1);
    gate.open(undefined);
    expect(await patient).toEqual({ status: 'up' });
    expect(await health.check()).toEqual({ status: 'up' });
    expect(asked).toBe(2);
    expect(environment.timers).toBe(0);
  });

  test('is down when a check never ends, and a later check asks the broker again', async () => {
    const answers: (() => Promise<null>)[] = [() => new Promise(() => undefined), () => Promise.resolve(null)];
    const { environment, health } = create(() => answers.shift()!());
    const patient = health.check({ timeoutMs: 0 });
    expect(await Promise.all([health.check({ timeoutMs: 500 }), environment.advance(500)])).toMatchObject([
      { status: 'down', reason: 'broker' },
    ]);
    const [waited] = await Promise.all([patient, environment.advance(9_500)]);
    expect(waited).toEqual({ status: 'down', reason: 'broker' });
    expect(await health.check()).toEqual({ status: 'up' });
    expect(environment.timers).toBe(0);
  });
});
