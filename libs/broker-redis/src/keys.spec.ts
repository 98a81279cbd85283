import { expect, test } from '@jest/globals';
import { topicLease } from '@statewire/nest';

import { crc16, Keys, TAGS } from './keys.js';

const SLOTS = 16_384;

function tagOf(key: string): string | undefined {
  // The rule of Redis Cluster: between the first brace and the next closing one.
  return /^[^{]*\{([^}]+)\}/.exec(key)?.[1];
}

test('crc16() is the one of Redis Cluster', () => {
  expect(crc16('123456789')).toBe(0x31c3);
});

test('each tag lies in its own 64th of the slots of a cluster', () => {
  const parts = TAGS.map((tag) => Math.floor((crc16(String(tag)) % SLOTS) / (SLOTS / TAGS.length)));
  expect(parts).toEqual(TAGS.map((_, index) => index));
});

test('the topics of an application spread over all partitions', () => {
  const keys = new Keys('sw');
  const counts = TAGS.map(() => 0);
  for (let index = 0; index < 6_400; index++) counts[keys.topic(`battles/${index}`).partition]! += 1;
  expect(Math.min(...counts)).toBeGreaterThan(50);
  expect(Math.max(...counts)).toBeLessThan(200);
});

test.each(['lobby', '{', '}{x}', '{0}', 'a:b', '__proto__'])(
  'all keys of the topic %s lie in one partition',
  (topic) => {
    const keys = new Keys('sw');
    const { partition, ...named } = keys.topic(topic);
    const tags = Object.values(named).map(tagOf);
    expect(new Set([...tags, tagOf(keys.lineage(partition)), tagOf(keys.lease(topicLease(topic)).key)])).toEqual(
      new Set([String(TAGS[partition])]),
    );
    expect(keys.lease(topicLease(topic)).key).toBe(named.lease);
  },
);

test('similar names have different keys, and so have other prefixes', () => {
  const names = ['a', 'A', 'a/b', 'a:b', 'a b', 'a\n', 'l:a', 'c:a'];
  const all = ['sw', 'sw2'].flatMap((prefix) => {
    const keys = new Keys(prefix);
    return names.flatMap((name) => [
      ...Object.values(keys.topic(name)).slice(1),
      keys.lease(name).key,
      keys.claim(name).key,
    ]);
  });
  expect(new Set(all).size).toBe(all.length);
});
