import { afterEach, describe, expect, test } from '@jest/globals';
import { action, eventTopic, stateTopic } from '@statewire/protocol';

import { ActionData, OnAction, OnTopic, RealtimeHandlers, TopicParams } from '../src/index.js';
import { TestApplication } from '../src/testing/test-application.js';

const battle = stateTopic<{ hp: number }>()('battles/:battleId');
const notices = eventTopic<{ text: string }>()('notices');
const double = action<{ n: number }, { n: number }>('double');

@RealtimeHandlers()
class Handlers {
  @OnTopic(battle)
  battle(@TopicParams() { battleId }: { battleId: string }): { hp: number } {
    return { hp: Number(battleId) };
  }

  @OnTopic(notices)
  notices(): void {}

  @OnAction(double)
  double(@ActionData() { n }: { n: number }): { n: number } {
    return { n: 2 * n };
  }
}

let arena: TestApplication;

afterEach(() => arena.close());

describe('a subscription', () => {
  test('brings the value and then each change', async () => {
    arena = await TestApplication.start({ providers: [Handlers] });
    const socket = await arena.welcome();
    socket.send({ type: 'subscribe', topics: [{ topic: 'battles/7' }], ref: 'a' });
    expect(await socket.next('subscribed')).toMatchObject({
      topic: 'battles/7',
      kind: 'state',
      recovered: false,
      ref: 'a',
    });
    expect(await socket.next('snapshot')).toMatchObject({ topic: 'battles/7', data: { hp: 7 } });
    await arena.bus.publish(battle.with({ battleId: '7' }), { hp: 6 });
    const update = await socket.any();
    expect(['patch', 'snapshot']).toContain(update.type);
    socket.send({ type: 'action', id: '1', name: 'double', data: { n: 21 } });
    expect(await socket.next('ack')).toEqual({ type: 'ack', id: '1', data: { n: 42 } });
  });
});
