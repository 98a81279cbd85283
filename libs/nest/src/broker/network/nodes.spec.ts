import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { Nodes } from './nodes.js';

const TTL_MS = 15_000;

function create() {
  const environment = new VirtualEnvironment();
  const server = { isUp: true, alive: new Set<string>(), looks: 0, beats: 0, wasAlive: true };
  const seen: string[] = [];
  const store = {
    get isUp() {
      return server.isUp;
    },
    beat: async () => {
      server.beats += 1;
      return server.wasAlive;
    },
    alive: async () => {
      server.looks += 1;
      return new Set(server.alive);
    },
    leave: async (node: string) => void seen.push(`left ${node}`),
  };
  const events = { onBeat: () => void seen.push('beat'), onReturn: () => void seen.push('return') };
  const nodes = new Nodes('own', store, environment, TTL_MS, events);
  return { environment, nodes, seen, server };
}

describe('another node has ended', () => {
  test('if it gave no sign of life while it had the time, and never before', async () => {
    const { environment, nodes } = create();
    expect(await nodes.hasEnded('other')).toBe(false);
    await nodes.restore();
    await environment.advance(TTL_MS - 1);
    expect(await nodes.hasEnded('other')).toBe(false);
    await environment.advance(1);
    expect([await nodes.hasEnded('other'), await nodes.hasEnded('own')]).toEqual([true, false]);
    nodes.mistrust();
    expect(await nodes.hasEnded('other')).toBe(false);
  });

  test('not if it has come back since the last look', async () => {
    const { environment, nodes, server } = create();
    await nodes.restore();
    await environment.advance(TTL_MS);
    await nodes.hasEnded('other');
    server.alive.add('other');
    expect(await nodes.hasEnded('other')).toBe(false);
  });

  test('by a look that is used again for a moment', async () => {
    const { environment, nodes, server } = create();
    server.alive.add('other');
    await nodes.restore();
    await environment.advance(TTL_MS);
    await nodes.hasEnded('other');
    await nodes.hasEnded('other');
    expect(server.looks).toBe(1);
    await environment.advance(251);
    await nodes.hasEnded('other');
    expect(server.looks).toBe(2);
  });
});

test('a node gives three signs of life within its time to live, and none while the server is away', async () => {
  const { environment, nodes, seen, server } = create();
  await nodes.restore();
  await environment.advance(TTL_MS);
  expect(server.beats).toBe(4);
  server.isUp = false;
  await environment.advance(TTL_MS);
  expect(server.beats).toBe(4);
  expect(seen).toEqual(Array(6).fill('beat'));
});

test('a node whose signs of life were late learns it', async () => {
  const { environment, nodes, seen, server } = create();
  await nodes.restore();
  server.wasAlive = false;
  await environment.advance(TTL_MS / 3);
  expect(seen).toEqual(['beat', 'return']);
  await nodes.leave();
  expect([seen.at(-1), environment.timers]).toEqual(['left own', 0]);
});
