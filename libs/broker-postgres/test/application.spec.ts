import 'reflect-metadata';

import { expect, test } from '@jest/globals';
import { RealtimeBus, RealtimeLeases } from '@statewire/nest';
import { stateTopic } from '@statewire/protocol';
import { describeApplication } from '@statewire/verification/brokers';
import { withClient } from '@statewire/verification/servers';
import { firstValueFrom, timeout } from 'rxjs';

import { testedPostgres } from './support/tested-postgres.js';

describeApplication(testedPostgres, ({ server, start }) => {
  test('what one publishes in a transaction reaches the other after the commit, with the checks of each publication', async () => {
    const [first, second] = [await start(), await start()];
    const orders = stateTopic<{ count: number }>()('orders/:id').with({ id: '1' });
    const values = firstValueFrom(second.get(RealtimeBus).stream(orders).pipe(timeout(60_000)));
    const bus = first.get(RealtimeBus);
    await withClient(server().url, async (transaction) => {
      await transaction.query('begin');
      const large = bus.publish(orders, { count: 1, text: 'x'.repeat(2 ** 20) } as never, { transaction });
      await expect(large).rejects.toMatchObject({ code: 'too_large' });
      await expect(bus.publish(orders, 10n as never, { transaction })).rejects.toMatchObject({ code: 'not_json' });
      expect(await bus.publish(orders, { count: 7 }, { transaction })).toBeUndefined();
      await transaction.query('commit');
    });
    expect(await values).toEqual({ count: 7 });
  });

  test('a topic whose lease a process holds has one writer, also for transactions', async () => {
    const [first, second] = [await start(), await start()];
    const owned = stateTopic<{ count: number }>()('owned/:id').with({ id: '1' });
    let hold = (): void => undefined;
    const held = new Promise<void>((resolve) => (hold = resolve));
    void second.get(RealtimeLeases).hold(owned, async ({ signal }) => {
      hold();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await held;
    await withClient(server().url, async (transaction) => {
      await transaction.query('begin');
      const published = first.get(RealtimeBus).publish(owned, { count: 1 }, { transaction });
      await expect(published).rejects.toMatchObject({ name: 'PublishError', code: 'has_source' });
      expect((await transaction.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      await transaction.query('commit');
    });
  });
});
