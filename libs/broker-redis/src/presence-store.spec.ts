import { expect, test } from '@jest/globals';

import { Keys } from './keys.js';
import type { ScriptCall } from './link.js';
import { RedisPresenceStore } from './presence-store.js';

const member = (topic: string, id: string) => ({ topic, id, info: null });

test('the members of an ended node are expelled with the very entry that was read', async () => {
  const calls: ScriptCall[] = [];
  const run = async (call: ScriptCall) => {
    calls.push(call);
    return ['a', 'here.0\n1', 'b', 'ended.2\n{"x":"."}'];
  };
  const store = new RedisPresenceStore('own', { isUp: () => true, run }, new Keys('sw'));
  const [, ended] = await store.members('lobby');
  expect(ended).toMatchObject({ id: 'b', info: { x: '.' }, node: 'ended' });
  await store.expel('lobby', [ended!]);
  expect(calls.at(-1)!.args).toEqual(['b', 'ended.2\n{"x":"."}']);
});

test('members of topics that the server has lost are told, although another server does not answer', async () => {
  const keys = new Keys('sw');
  const [lost, away] = ['lobby', 'elsewhere'];
  const { partition } = keys.topic(away);
  const run = async (call: ScriptCall) => {
    if (call.partition === partition) throw new Error('away');
    return [0];
  };
  const store = new RedisPresenceStore('own', { isUp: () => true, run }, keys);
  const members = [member(lost, 'a'), member(lost, 'b'), member(away, 'c')];
  expect(await store.keep(members, 1)).toEqual(members.slice(0, 2));
  expect(store.split(members)).toEqual([members.slice(0, 2), members.slice(2)]);
});
