import type { Json } from '@statewire/protocol';
import type { NewPublication } from '@statewire/nest';

import { publicationsOf, record, state, valueOf, type Suite } from './suite.js';

/** Enough publications that every broker writes several whole values between the deltas. */
const MANY = 1_000;

/** Publications with deltas, each from the one before it. */
function chain(count: number, valueAt: (n: number) => Json = (n) => ({ n })): NewPublication[] {
  const publications: NewPublication[] = [];
  for (let n = 1; n <= count; n++) publications.push(state(valueAt(n), publications.at(-1)));
  return publications;
}

export function describeDeltas({ describe, test, expect, cluster }: Suite): void {
  describe('deltas', () => {
    test('a delta from the newest publication is kept instead of the value', async () => {
      const [first, second] = chain(2);
      await cluster.here.publish('lobby', first!);
      await cluster.there.publish('lobby', second!);
      const history = await cluster.here.read('lobby', 'state', { above: 0 });
      expect(valueOf(history)).toEqual({ n: 2 });
      expect(history.publications.map(({ data, delta }) => [data, delta])).toEqual([
        [first!.data, undefined],
        [undefined, second!.patch!.delta],
      ]);
    });

    test('publications that are sent without waiting keep their deltas', async () => {
      const heard = await record(cluster.there, 'lobby');
      const publications = chain(50);
      await Promise.all(publications.map((publication) => cluster.here.publish('lobby', publication)));
      await cluster.setup.settle();
      const live = publicationsOf(heard);
      expect(live.map(({ offset }) => offset)).toEqual(publications.map((_, index) => index + 1));
      expect(live.map(({ delta }) => delta)).toEqual(publications.map(({ patch }) => patch?.delta));
      expect(valueOf(await cluster.there.read('lobby', 'state'))).toEqual({ n: 50 });
    });

    test('a delta from another publication is dropped and its value is kept, in order with those behind it', async () => {
      const heard = await record(cluster.there, 'lobby');
      const [first, ...rest] = chain(22);
      await cluster.here.publish('lobby', first!);
      const other = state('of another node');
      await cluster.there.publish('lobby', other);
      await Promise.all(rest.map((publication) => cluster.here.publish('lobby', publication)));
      await cluster.setup.settle();
      const live = publicationsOf(heard);
      expect(live.map(({ id }) => id)).toEqual([first!, other, ...rest].map(({ id }) => id));
      expect(live[2]).toMatchObject({ offset: 3, data: rest[0]!.data });
      expect(live[2]!.delta).toBeUndefined();
      expect(live.slice(3).map(({ delta }) => delta)).toEqual(rest.slice(1).map(({ patch }) => patch!.delta));
      expect(valueOf(await cluster.there.read('lobby', 'state'))).toEqual({ n: 22 });
    });

    test('a delta from the first publication of an earlier epoch is dropped', async () => {
      const [first, second] = chain(2);
      const { epoch } = await cluster.here.publish('lobby', first!);
      await cluster.here.replaceEpoch('lobby', 'state', epoch);
      await cluster.here.publish('lobby', state({ b: 1 }));
      await cluster.here.publish('lobby', second!);
      const { publications } = await cluster.here.read('lobby', 'state', { above: 1 });
      expect(publications).toMatchObject([{ offset: 2, data: second!.data }]);
      expect(publications[0]!.delta).toBeUndefined();
    });

    test('a delta at offset 1 is dropped', async () => {
      const [first, second] = chain(2);
      const heard = await record(cluster.there, 'lobby');
      await cluster.here.publish('lobby', { ...second!, patch: { base: '', delta: second!.patch!.delta } });
      await cluster.here.publish(
        'lobby',
        { ...second!, id: first!.id, patch: { ...second!.patch!, base: second!.id } },
        {
          startsEpoch: true,
        },
      );
      await cluster.setup.settle();
      expect(publicationsOf(heard).map(({ data, delta }) => [data, delta])).toEqual([
        [second!.data, undefined],
        [second!.data, undefined],
      ]);
    });

    test('each publication names the one before it, over new epochs and the end of a topic', async () => {
      const heard = await record(cluster.there, 'lobby');
      const [first, second, third] = chain(3);
      await cluster.here.publish('lobby', first!);
      const { epoch } = await cluster.there.publish('lobby', second!);
      await cluster.here.replaceEpoch('lobby', 'state', epoch, { keep: true });
      await cluster.here.publish('lobby', third!);
      await cluster.there.publish('lobby', state('first'), { startsEpoch: true });
      await cluster.here.close('lobby');
      await cluster.setup.settle();
      const again = await record(cluster.there, 'lobby');
      await cluster.here.publish('lobby', state('again'));
      await cluster.setup.settle();
      expect(publicationsOf(heard).map(({ previous }) => previous)).toEqual(['', first!.id, '', second!.id, '']);
      expect(publicationsOf(again).map(({ previous }) => previous)).toEqual(['']);
    });

    test('a read names the publication at the offset it starts above, as long as the history has it', async () => {
      const count = cluster.setup.historyCount + 3;
      const publications = chain(count);
      for (const publication of publications) await cluster.here.publish('lobby', publication);
      const idAbove = async (above: number): Promise<string | undefined> =>
        (await cluster.there.read('lobby', 'state', { above })).idAbove;
      expect(await idAbove(0)).toBe('');
      expect(await idAbove(2)).toBeUndefined();
      expect(await idAbove(4)).toBe(publications[3]!.id);
      expect(await idAbove(count)).toBe(publications[count - 1]!.id);
      expect(await idAbove(count + 1)).toBeUndefined();
      expect((await cluster.there.read('lobby', 'state')).id).toBe(publications[count - 1]!.id);
    });

    test(`the base value and what follows it give the newest value, at each of ${MANY} offsets`, async () => {
      const text = 'x'.repeat(100);
      let before: NewPublication | undefined;
      for (let n = 1; n <= MANY; n++) {
        const value = { n, text, list: [n % 7, n % 5] };
        before = state(value, before);
        await cluster.setup.nodes[n % 2]!.publish('lobby', before);
        const history = await cluster.setup.nodes[n % 3 === 0 ? 0 : 1].read('lobby', 'state');
        expect(history.offset).toBe(n);
        expect(valueOf(history)).toEqual(value);
      }
    });
  });
}
