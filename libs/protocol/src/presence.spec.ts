import { describe, expect, test } from '@jest/globals';

import { presenceTopic, topicOfPresence, type Presence } from './presence.js';
import { eventTopic, stateTopic, type TopicReference } from './topic.js';

const battle = stateTopic<{ hp: number }>()('battles/:battleId');
const spectators = presenceTopic<{ name: string }>()(battle);

describe('presenceTopic', () => {
  test('is a state topic with the parameters of the topic it is about', () => {
    expect(spectators).toMatchObject({
      kind: 'state',
      pattern: 'presence/battles/:battleId',
      parameters: ['battleId'],
    });
    const reference: TopicReference<Presence<{ name: string }>, 'state'> = spectators.with({ battleId: '42' });
    expect(reference).toEqual({
      kind: 'state',
      name: 'presence/battles/42',
      pattern: 'presence/battles/:battleId',
    });
    expect(presenceTopic()(eventTopic<string>()('notices')).with().name).toBe('presence/notices');
  });

  test('wants the parameters of the topic', () => {
    // @ts-expect-error there is a battleId
    expect(() => spectators.with()).toThrow('battleId');
    // @ts-expect-error it is battleId
    expect(() => spectators.with({ id: '42' })).toThrow('battleId');
    expect(() => spectators.with({ battleId: 'a/b' })).toThrow('battleId');
  });

  test('refuses what there is no name for', () => {
    expect(() => presenceTopic()(spectators)).toThrow('already');
    const long = stateTopic()(Array.from({ length: 16 }, (_, index) => `:p${index}`).join('/'));
    expect(() => presenceTopic()(long)).toThrow('segments');
    const wide = presenceTopic()(stateTopic()(':a/:b/:c/:d'));
    const segment = 'x'.repeat(62);
    expect(() => wide.with({ a: segment, b: segment, c: segment, d: segment })).toThrow('too long');
  });
});

test('topicOfPresence names the topic a presence topic is about', () => {
  expect(topicOfPresence('presence/battles/42')).toBe('battles/42');
  expect(topicOfPresence('battles/42')).toBeUndefined();
  expect(topicOfPresence('presence')).toBeUndefined();
});
