import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { BrokerError } from '../../core/broker.js';
import { Presence, type JoiningMembers, type StoredMember, type TopicMember } from './presence.js';

/** The presence of a node. The test sets the members, the nodes that live, and whether the server can be reached. */
function create() {
  const environment = new VirtualEnvironment();
  const server = {
    isUp: true,
    fails: false,
    members: [] as StoredMember[],
    ended: new Set<string>(),
    looks: [] as string[],
    lost: [] as readonly TopicMember[],
    calls: [] as unknown[],
  };
  const call = async (...what: unknown[]): Promise<void> => {
    server.calls.push(what);
    if (server.fails) throw new BrokerError('unavailable', 'away');
  };
  const idsOf = (members: readonly { readonly id: string }[]): string => members.map(({ id }) => id).join();
  const store = {
    isUp: () => server.isUp,
    split: <Member>(members: readonly Member[]) => members.map((member) => [member]),
    join: ({ members, returns, isRepeated }: JoiningMembers) =>
      call(isRepeated ? 'repeat' : 'join', idsOf(members), returns),
    leave: (members: readonly { readonly id: string }[]) => call('leave', idsOf(members)),
    members: async () => server.members,
    expel: (_: string, members: readonly StoredMember[]) => call('expel', idsOf(members)),
    keep: async (members: readonly TopicMember[]) => {
      await call('keep', idsOf(members));
      return server.lost;
    },
  };
  const nodes = {
    hasEnded: async (node: string) => {
      server.looks.push(node);
      return server.ended.has(node);
    },
  };
  return { environment, presence: new Presence(nodes, store, environment), server };
}

const stored = (id: string, node: string): StoredMember => ({ id, info: id, node, entry: '0' });

describe('the members of a topic', () => {
  test('are those of nodes that live, and those of ended nodes are removed', async () => {
    const { presence, server } = create();
    server.members = [stored('a', 'here'), stored('b', 'ended'), stored('c', 'ended')];
    server.ended.add('ended');
    expect(await presence.members('lobby')).toEqual([{ id: 'a', info: 'a' }]);
    expect([server.calls, server.looks]).toEqual([[['expel', 'b,c']], ['here', 'ended']]);
  });

  test('cost one look for each node, and nothing is removed if all live', async () => {
    const { presence, server } = create();
    server.members = Array.from({ length: 100 }, (_, n) => stored(`m${n}`, 'here'));
    expect(await presence.members('lobby')).toHaveLength(100);
    expect([server.calls, server.looks]).toEqual([[], ['here']]);
  });
});

describe('while the server is out of reach', () => {
  test('joins and leaves are remembered, and the server learns of them when it is back', async () => {
    const { presence, server } = create();
    await presence.join('lobby', { id: 'a', info: 1 });
    server.isUp = false;
    await presence.join('lobby', { id: 'b', info: 2 });
    await presence.leave('lobby', 'a');
    server.isUp = true;
    await presence.restore((topic) => topic === 'elsewhere');
    expect(server.calls).toEqual([['join', 'a', 0]]);
    await presence.restore(() => true);
    expect(server.calls.slice(1)).toEqual([
      ['repeat', 'b', 2],
      ['leave', 'a'],
    ]);
    await presence.leave('lobby', 'b');
    expect(presence.size).toBe(0);
  });

  test('a member that left and came back is not taken out', async () => {
    const { presence, server } = create();
    server.isUp = false;
    await presence.leave('lobby', 'a');
    await presence.join('lobby', { id: 'a', info: 1 });
    server.isUp = true;
    await presence.restore(() => true);
    expect(server.calls).toEqual([['repeat', 'a', 1]]);
  });
});

test('a change fails if the server refuses it, and not if the connection ends meanwhile', async () => {
  const { presence, server } = create();
  server.fails = true;
  await expect(presence.join('lobby', { id: 'a', info: 1 })).rejects.toMatchObject({ code: 'unavailable' });
  const left = presence.leave('lobby', 'a');
  server.isUp = false;
  await expect(left).resolves.toBeUndefined();
});

test('members are renewed from time to time, and those that the server has lost are repeated', async () => {
  const { environment, presence, server } = create();
  for (const id of ['a', 'b']) await presence.join('lobby', { id, info: id });
  server.calls = [];
  await presence.renew();
  await environment.advance(30_000);
  server.lost = [{ topic: 'lobby', id: 'b', info: 'b' }];
  await presence.renew();
  expect(server.calls).toEqual([
    ['keep', 'a,b'],
    ['repeat', 'b', 0],
  ]);
  await presence.dispose();
  expect([server.calls.slice(2), presence.size]).toEqual([
    [
      ['leave', 'a'],
      ['leave', 'b'],
    ],
    0,
  ]);
});
