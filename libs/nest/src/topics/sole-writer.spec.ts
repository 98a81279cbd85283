import { expect, test } from '@jest/globals';
import type { Position } from '@statewire/protocol';

import type { TopicMessage } from '../core/broker.js';
import { SoleWriter } from './sole-writer.js';

async function create() {
  const sent: unknown[] = [];
  let tell = (_message: TopicMessage): void => undefined;
  const writer = new SoleWriter({
    topic: 'lobby',
    kind: 'state',
    broker: {
      listen: async (_topic, listener) => {
        tell = listener;
        return async () => undefined;
      },
    },
    publish: async (value): Promise<Position> => {
      if (value === 'invalid') throw new Error('The value is invalid.');
      sent.push(value);
      return { epoch: 'a', offset: sent.length };
    },
    repeatsRejected: true,
  });
  await writer.open();
  return { sent, writer, lose: () => tell({ type: 'epoch', epoch: 'b' }) };
}

test('a value that the broker loses is published again although several later ones were rejected at once', async () => {
  const { lose, sent, writer } = await create();
  await writer.publish('valid');
  await Promise.allSettled([writer.publish('invalid'), writer.publish('invalid')]);
  lose();
  expect(sent).toEqual(['valid', 'valid']);
});
