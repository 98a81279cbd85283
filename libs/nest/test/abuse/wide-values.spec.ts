import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { action, applyDelta, stateTopic, type Json } from '@statewire/protocol';

import { ActionData, OnAction, OnTopic, RealtimeHandlers } from '../../src/index.js';
import { TestApplication } from '../support/test-application.js';
import { CLIENT_ID, post, TRANSPORTS } from '../support/transports.js';

const record = stateTopic<Json>()('records/:name');

@RealtimeHandlers()
class Handlers {
  @OnTopic(record)
  record(): void {}

  @OnAction(action<Json, Json>('echo'))
  echo(@ActionData() data: Json): Json {
    return data;
  }
}

const KEYS = process.env.STATEWIRE_TEST_TIER === 'full' ? 100_000 : 10_000;

describe('A12: a value of many thousand keys', () => {
  const wide = (value: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: KEYS }, (_, key) => [key.toString(36), value]));

  let arena: TestApplication;

  beforeAll(async () => {
    const limits = { frames: { bytes: 0, publicationBytes: 0 } };
    arena = await TestApplication.start({ providers: [Handlers], realtime: { limits } });
  });

  afterAll(() => arena.close());

  test.each(TRANSPORTS)('returns unchanged from an action over $name', async ({ open }) => {
    const caller = await open(arena);
    const data = wide(1);
    const answer = await caller.act({ id: 'wide', name: 'echo', data });
    if (answer.type !== 'ack') throw new Error(answer.code);
    expect(JSON.stringify(answer.data) === JSON.stringify(data)).toBe(true);
  });

  test('is exact in publications over both transports, and so are a change of one key and of all keys', async () => {
    const topic = record.with({ name: 'wide' });
    const socket = await arena.welcome();
    await arena.bus.publish(topic, wide(1));
    socket.send({ type: 'subscribe', topics: [{ topic: topic.name }] });
    let { data: value } = await socket.next('snapshot');
    for (const after of [{ ...wide(1), a1: 'changed' }, wide(3)]) {
      await arena.bus.publish(topic, after);
      const frame = await socket.next(['patch', 'snapshot']);
      value = frame.type === 'patch' ? applyDelta(value, frame.delta) : frame.data;
      expect(JSON.stringify(value) === JSON.stringify(after)).toBe(true);
    }
    const { text } = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [{ topic: topic.name }] });
    expect(text.includes(JSON.stringify(value))).toBe(true);
    await socket.close();
  });
});
