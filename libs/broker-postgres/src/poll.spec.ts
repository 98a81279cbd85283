import { describe, expect, test } from '@jest/globals';
import type { TopicMessage } from '@statewire/nest';
import { TopicListeners, type Standing, type TopicReceiver } from '@statewire/nest/broker';
import { VirtualEnvironment } from '@statewire/testing';

import { Poll } from './poll.js';
import type { TopicReader } from './topic-reader.js';

/** A topic with a listener, of which the test says where it stands at each look. */
async function create() {
  const environment = new VirtualEnvironment();
  const server = { standings: [] as Standing[], isReading: false };
  let receiver!: TopicReceiver;
  const channels = { add: async (_: string, added: TopicReceiver) => void (receiver = added), remove: () => undefined };
  const listeners = new TopicListeners(
    channels,
    () => undefined,
    () => undefined,
  );
  const heard: (string | number)[] = [];
  const release = await listeners.listen('lobby', (message: TopicMessage) => {
    if (message.type === 'publication') heard.push(message.publication.offset);
    else heard.push(message.type === 'resumed' ? `resumed ${message.position.offset}` : message.type);
  });
  const reader = {
    drain: async () => undefined,
    clean: async () => undefined,
    check: async () => server.standings,
  } as unknown as TopicReader;
  const poll = new Poll({ up: true }, reader, { isReading: () => server.isReading }, listeners, environment, 1_000);
  poll.start();
  const announce = (offset: number): void => {
    const publication = { epoch: 'e', offset, id: `i${offset}`, previous: `i${offset - 1}`, time: 5, data: '1' };
    receiver.receive({ type: 'publication', publication });
  };
  const look = async (offset?: number): Promise<void> => {
    server.standings =
      offset === undefined ? [] : [{ topic: 'lobby', position: { epoch: 'e', offset }, id: `i${offset}` }];
    await environment.advance(1_000);
  };
  return { announce, heard, listeners, look, poll, release, server };
}

describe('listeners', () => {
  test('are told of a position only if two looks in a row found the topic there without a message', async () => {
    const { announce, heard, look, poll } = await create();
    announce(1);
    await look(2);
    announce(2);
    await look(3);
    announce(3);
    await look();
    expect(heard).toEqual([1, 2, 3]);
    await look(4);
    await look(5);
    expect(heard.slice(3)).toEqual(['resumed 5']);
    poll.stop();
  });

  test('that were interrupted are told at the next look, but not while a text is being read', async () => {
    const { announce, heard, listeners, look, poll, server } = await create();
    announce(1);
    listeners.interrupt(() => true);
    server.isReading = true;
    await look(2);
    expect(heard).toEqual([1, 'interrupted']);
    server.isReading = false;
    await look(2);
    expect(heard.slice(2)).toEqual(['resumed 2']);
    poll.stop();
  });
});
