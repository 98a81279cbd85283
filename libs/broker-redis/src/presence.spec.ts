import { describe, expect, test } from '@jest/globals';
import { Nodes } from '@statewire/nest/broker';
import { VirtualEnvironment } from '@statewire/testing';

import { Keys } from './keys.js';
import { RedisNodeStore } from './node-store.js';
import { Presence } from './presence.js';

const NODE_TTL_MS = 900;

/** A node that looks at the members of a topic. The test says who the members are, and which nodes live. */
async function setUp() {
  const environment = new VirtualEnvironment();
  const server = { alive: [] as string[], members: [] as string[], looks: 0, expelled: [] as readonly string[] };
  const link = {
    isUp: () => true,
    run: async ({ script, args }: { readonly script: { readonly name: string }; readonly args: readonly string[] }) => {
      if (script.name === 'members') return server.members;
      if (script.name === 'expel') server.expelled = args;
      if (script.name !== 'alive') return 1;
      server.looks += 1;
      return server.alive;
    },
  };
  const keys = new Keys('sw');
  const ignore = (): void => undefined;
  const nodes = new Nodes('own', new RedisNodeStore(link, keys), environment, NODE_TTL_MS, {
    onBeat: ignore,
    onReturn: ignore,
  });
  await nodes.restore();
  nodes.stop();
  await environment.advance(NODE_TTL_MS);
  return { environment, presence: new Presence(nodes, link, keys, environment), server };
}

describe('the members of a topic', () => {
  test('are those of nodes that live, and those of ended nodes are removed', async () => {
    const { presence, server } = await setUp();
    server.alive = ['here'];
    server.members = ['a', 'here.0\n1', 'b', 'ended.0\n2', 'c', 'ended.0\n3'];
    expect(await presence.members('lobby')).toEqual([{ id: 'a', info: 1 }]);
    expect(server.expelled).toEqual(['b', 'ended.0\n2', 'c', 'ended.0\n3']);
  });

  test('include those of a node that has come back since the last look', async () => {
    const { presence, server } = await setUp();
    server.members = ['a', 'back.0\n1'];
    expect(await presence.members('lobby')).toEqual([]);
    server.expelled = [];
    server.members = ['a', 'back.1\n1'];
    server.alive = ['back'];
    expect(await presence.members('lobby')).toEqual([{ id: 'a', info: 1 }]);
    expect(server.expelled).toEqual([]);
  });

  test('cost two looks at the nodes, however many members have ended', async () => {
    const { presence, server } = await setUp();
    server.members = Array.from({ length: 100 }, (_, n) => [`m${n}`, `ended.0\n${n}`]).flat();
    await presence.members('lobby');
    expect(server.looks).toBe(2);
  });
});
