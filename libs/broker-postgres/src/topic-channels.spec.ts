import { describe, expect, test } from '@jest/globals';
import type { NewPublication, TopicMessage } from '@statewire/nest';
import { TopicListeners, type Standing } from '@statewire/nest/broker';

import { Channels } from './channels.js';
import type { PostgresConnection } from './connection.js';
import { topicChannel } from './names.js';
import { PostgresTopicChannels } from './topic-channels.js';
import type { Text } from './topic-message.js';

interface Read {
  readonly offset: number;
  answer(json: string | undefined): Promise<void>;
  fail(): Promise<void>;
}

async function turn(): Promise<void> {
  for (let n = 0; n < 10; n++) await Promise.resolve();
}

async function create() {
  const channels = new Channels();
  const statements: string[] = [];
  const query = async ({ text }: { text: string }): Promise<never[]> => {
    statements.push(text);
    return [];
  };
  await channels.resubscribe({ query } as unknown as PostgresConnection);
  const reads: Read[] = [];
  const server: { standings: Standing[] } = { standings: [] };
  const own = new Map<string, NewPublication>();
  const textOf = (_topic: string, _epoch: string, offset: number) =>
    new Promise<Text | undefined>((resolve, reject) => {
      reads.push({
        offset,
        answer: async (json) => {
          resolve(json === undefined ? undefined : { data: json });
          await turn();
        },
        fail: async () => {
          reject(new Error('rejected'));
          await turn();
        },
      });
    });
  const topicChannels = new PostgresTopicChannels(channels, 'statewire', {
    textOf,
    check: async () => server.standings,
  });
  const listeners = new TopicListeners(
    topicChannels,
    (id) => own.get(id),
    () => undefined,
  );
  const heard: TopicMessage[] = [];
  const release = await listeners.listen('lobby', (message) => heard.push(message));
  const channel = topicChannel('statewire', 'lobby');
  const send = (message: string): void => channels.receive(channel, message);
  /** Announces a publication, without a text if it is too long. */
  const announce = (offset: number, text?: string): void => {
    const head = `P lobby e ${offset} 5 i${offset} i${offset - 1}`;
    send(text === undefined ? `${head} r` : `${head} d\n${text}`);
  };
  return { announce, channel, heard, listeners, own, reads, release, send, server, statements, topicChannels };
}

const shown = (heard: readonly TopicMessage[]): unknown[] =>
  heard.map((message) =>
    message.type === 'publication' ? [message.publication.offset, message.publication.data] : message.type,
  );

describe('listeners', () => {
  test('of topics of one channel listen on it once, and the last one ends that', async () => {
    const { channel, listeners, release, statements } = await create();
    const again = await listeners.listen('lobby', () => undefined);
    await release();
    expect(statements).toEqual([`listen "${channel}"`]);
    await again();
    expect(statements).toEqual([`listen "${channel}"`, `unlisten "${channel}"`]);
  });

  test('get a long publication when it has been read, and those behind it after it', async () => {
    const { announce, heard, reads, topicChannels } = await create();
    announce(1, '1');
    announce(2);
    announce(3, '3');
    announce(4);
    announce(5, '5');
    expect(shown(heard)).toEqual([[1, '1']]);
    const delivered = topicChannels.whenDelivered('lobby');
    await reads[0]!.answer('2');
    expect(shown(heard)).toEqual([1, 2, 3].map((n) => [n, String(n)]));
    expect(reads.map(({ offset }) => offset)).toEqual([2, 4]);
    await reads[1]!.answer('4');
    await delivered;
    expect(shown(heard)).toEqual([1, 2, 3, 4, 5].map((n) => [n, String(n)]));
    expect(topicChannels.whenDelivered('lobby')).toBeUndefined();
  });

  test('get a long publication of their own node at once', async () => {
    const { announce, heard, own, reads } = await create();
    own.set('i1', { kind: 'state', id: 'i1', data: '"own"', value: 'own' });
    announce(1);
    expect(reads).toEqual([]);
    expect(heard).toMatchObject([{ publication: { data: '"own"', value: 'own' } }]);
  });

  test('learn where the topic stands if a long publication is gone', async () => {
    const { announce, heard, reads, server } = await create();
    announce(1);
    server.standings = [{ topic: 'lobby', position: { epoch: 'f', offset: 3 }, id: 'j3' }];
    await reads[0]!.answer(undefined);
    expect(heard).toEqual([{ type: 'resumed', position: { epoch: 'f', offset: 3 }, id: 'j3' }]);
  });

  test('are interrupted if a long publication cannot be read, until they learn where the topic stands', async () => {
    const { announce, heard, listeners, reads } = await create();
    announce(1);
    await reads[0]!.fail();
    announce(2, '2');
    expect(heard).toEqual([{ type: 'interrupted' }]);
    listeners.resume([{ topic: 'lobby', position: { epoch: 'e', offset: 2 }, id: 'i2' }]);
    expect(heard.at(-1)).toEqual({ type: 'resumed', position: { epoch: 'e', offset: 2 }, id: 'i2' });
    announce(3, '3');
    expect(shown(heard).at(-1)).toEqual([3, '3']);
  });

  test('get nothing of a read that an outage overtook', async () => {
    const { announce, heard, listeners, reads, topicChannels } = await create();
    announce(1);
    topicChannels.onLost();
    listeners.interrupt(() => true);
    listeners.resume([{ topic: 'lobby', position: { epoch: 'e', offset: 1 }, id: 'i1' }]);
    await reads[0]!.answer('1');
    expect(heard.map(({ type }) => type)).toEqual(['interrupted', 'resumed']);
  });

  test('get the first publication of another epoch as that epoch', async () => {
    const { announce, heard, send } = await create();
    announce(1, '1');
    send('P lobby f 1 5 j1  d\n2');
    expect(heard.at(-1)).toMatchObject({ type: 'epoch', epoch: 'f', first: { id: 'j1', previous: '', data: '2' } });
  });

  test('get new epochs, also with a first publication that is read, and the end of the topic', async () => {
    const { heard, reads, send } = await create();
    send('E lobby e');
    send('E lobby f 5 j1 r');
    send('C lobby');
    await reads[0]!.answer('1');
    expect(heard).toMatchObject([
      { type: 'epoch', epoch: 'e' },
      { type: 'epoch', epoch: 'f', first: { offset: 1, id: 'j1', data: '1' } },
      { type: 'closed' },
    ]);
    send('P lobby g 1 5 k1  d\n1');
    expect(heard).toHaveLength(3);
  });

  test('ignore messages of later versions and of other topics', async () => {
    const { heard, send } = await create();
    send('X lobby whatever');
    send('P elsewhere e 1 5 i1  d\n1');
    expect(heard).toEqual([]);
  });
});
