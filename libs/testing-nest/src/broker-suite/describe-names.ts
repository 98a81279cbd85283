import { event, publicationsOf, record, state, valueOf, type Suite } from './suite.js';

/** Every name that a topic of the protocol or of the server can have. */
const TOPICS = [
  ...['a/b', 'a.b', 'a_b', 'a~b', 'a-b', 'A/b', 'a/b/c', '-', '_', '~', '0', '...', '-1', 'a/-/b'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'statewire:switch', 'statewire:revocations'],
  Array.from({ length: 16 }, () => 'x'.repeat(15)).join('/'),
  'x'.repeat(64),
];

/** Keys, names of leases and ids of members come from the application. */
const KEYS = [
  ...['k l', ' k', 'k ', 'k\nk', 'k\r\nk', '\u0000', '{k}', '}{', '*', 'k*', '?', '[k]', 'k:k', 'k/k', '..', ''],
  ...["'; DROP TABLE k; --", '"', '\\', '%s', '$1', '\u043a\u043b', '🔥', 'é', 'e\u0301', '__proto__', 'k'.repeat(500)],
];

/** As large as a publication may be by default. */
const LARGE = 262_144;

const VALUES = [
  'x'.repeat(LARGE - 2),
  '🔥'.repeat(LARGE / 8),
  { quotes: '"\\\'`', lines: '\n\r\u2028\u2029', nul: '\u0000', lone: '\ud800', key: { '': 0, __: [[]] } },
  [0, -0.5, 1e300, true, false, null, '', {}, []],
];

export function describeNames({ describe, test, expect, cluster, testWith }: Suite): void {
  describe('names and values', () => {
    test('topics with similar names have separate histories', async () => {
      for (const topic of TOPICS) await cluster.here.publish(topic, event(topic));
      for (const topic of TOPICS) {
        const { publications } = await cluster.there.read(topic, 'events', { above: 0 });
        expect(publications.map(({ data }) => data)).toEqual([JSON.stringify(topic)]);
      }
    });

    test('claims, leases and members may have any name', async () => {
      for (const key of KEYS) {
        expect(await cluster.here.claim(key, key, { caller: key, client: key })).toEqual({ outcome: 'claimed' });
        await cluster.here.settle(key, JSON.stringify(key), 600_000);
        expect((await cluster.here.lease(key))?.name).toBe(key);
        await cluster.here.join('lobby', { id: key, info: key });
      }
      for (const key of KEYS) {
        expect(await cluster.there.claim(key, key)).toEqual({ outcome: 'settled', answer: JSON.stringify(key) });
        expect(await cluster.there.lease(key)).toBeUndefined();
      }
      const members = await cluster.there.members('lobby');
      expect(members.map(({ id, info }) => [id, info]).sort()).toEqual(KEYS.map((key) => [key, key]).sort());
    });

    test('values of 256 KiB and of any characters arrive as they are', async () => {
      for (const [index, value] of VALUES.entries()) {
        const heard = await record(cluster.there, `values/${index}`);
        const events = await record(cluster.there, `events/${index}`);
        await cluster.here.publish(`values/${index}`, state(value));
        await cluster.here.publish(`events/${index}`, event(value));
        await cluster.setup.settle();
        for (const messages of [heard, events]) {
          expect(publicationsOf(messages).map(({ data }) => JSON.parse(data!) as unknown)).toEqual([value]);
        }
        expect(valueOf(await cluster.there.read(`values/${index}`, 'state'))).toEqual(value);
      }
    });

    testWith('keysWithoutExpiry', 'everything that the broker stores expires', async (setup) => {
      const first = state({ a: 1 });
      await cluster.here.publish('lobby', first);
      const { epoch } = await cluster.there.publish('lobby', state({ a: 2 }, first));
      await cluster.here.replaceEpoch('lobby', 'state', epoch, { keep: true });
      await cluster.here.publish('log', event(1), { startsEpoch: true });
      await cluster.here.publish('closed', event(1));
      await cluster.here.close('closed');
      await cluster.here.read('empty', 'events');
      await cluster.here.claim('running', 'f');
      await cluster.here.claim('settled', 'f');
      await cluster.here.settle('settled', 'answer', 1_000 * setup.tick);
      await cluster.here.claim('forgotten', 'f');
      await cluster.here.settle('forgotten', 'answer', 1_000 * setup.tick);
      await cluster.here.forget(['forgotten']);
      await cluster.here.lease('held');
      await (await cluster.here.lease('released'))!.release();
      await cluster.here.join('lobby', { id: 'a', info: null });
      expect(await setup.keysWithoutExpiry()).toEqual([]);
    });
  });
}
