import { expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { cutOffBroker } from '../test/support/cut-off-broker.js';
import { MemoryBroker } from './broker/memory/memory-broker.js';
import type { Broker } from './core/broker.js';
import { RealtimeLog } from './core/realtime-log.js';
import { RealtimeSwitch } from './realtime-switch.js';

function create() {
  const environment = new VirtualEnvironment();
  const write = (): void => undefined;
  const log = new RealtimeLog({ debug: write, log: write, warn: write, error: write }, environment);
  const broker = new MemoryBroker({ environment, log, history: { count: 10, bytes: 0, ageMs: 300_000 } });
  const start = async (own: Broker, enabled = true): Promise<RealtimeSwitch> => {
    const realtimeSwitch = new RealtimeSwitch(own, { enabled, environment }, log);
    await realtimeSwitch.onModuleInit();
    return realtimeSwitch;
  };
  return { broker, environment, link: cutOffBroker(broker), start };
}

test('a node that starts while the switch is off starts with the WebSocket off', async () => {
  const { broker, start } = create();
  const first = await start(broker);
  await first.set(false);
  const second = await start(broker);
  expect([first.enabled, second.enabled]).toEqual([false, false]);
  await second.set(true);
  expect([first.enabled, second.enabled]).toEqual([true, true]);
});

test('a node that was cut off takes over the state when it is back', async () => {
  const { broker, environment, link, start } = create();
  const [first, second] = [await start(broker), await start(link.broker)];
  const changes: boolean[] = [];
  second.changes.subscribe((enabled) => changes.push(enabled));
  link.cutOff();
  await first.set(false);
  expect(second.enabled).toBe(true);
  await expect(second.set(true)).rejects.toMatchObject({ code: 'unavailable' });
  await link.bringBack();
  await environment.settle();
  expect([second.enabled, changes]).toEqual([false, [false]]);
});

test('without a state in the broker a node starts as its option says', async () => {
  const { broker, start } = create();
  expect((await start(broker, false)).enabled).toBe(false);
});
