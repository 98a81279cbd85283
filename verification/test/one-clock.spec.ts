import { expect, test } from '@jest/globals';
import { createRealtimeClient, type ClientEnvironment } from '@statewire/client';
import { VirtualEnvironment } from '@statewire/testing';
import { memoryBroker, type Environment as ServerEnvironment } from '@statewire/nest';

test('server and client run on one virtual clock', async () => {
  const environment: ClientEnvironment & ServerEnvironment = new VirtualEnvironment();
  const virtual = environment as VirtualEnvironment;
  const ran: string[] = [];
  virtual.setTimer(() => ran.push('timer'), 5);
  virtual.defer(() => ran.push('deferred'));
  await virtual.advance(5);
  expect(ran).toEqual(['deferred', 'timer']);
  expect(createRealtimeClient).toBeDefined();
  expect(memoryBroker).toBeDefined();
});
