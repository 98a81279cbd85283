import { describe, expect, test } from '@jest/globals';

import { presenceTopic, topicOfPresence, type Presence } from './presence.js';
import { eventTopic, stateTopic, type TopicReference } from './topic.js';

const battle = stateTopic<{ hp: number }>()('battles/:battleId');
const spectators = presenceTopic<{ name: string }>()(battle);

describe('presenceTopic', () => {
  test('is a state topic with the parameters of the followed topic', () => {
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

  test('requires the parameters of the followed topic', () => {
    // @ts-expect-error there is a battleId
    expect(() => spectators.with()).toThrow('battleId');
    // @ts-expect-error it is battleId
    expect(() => spectators.with({ id: '42' })).toThrow('battleId');
    expect(() => spectators.with({ battleId: 'a/b' })).toThrow('battleId');
  });

  test('rejects a topic whose presence topic has no valid name', () => {
    expect(() => presenceTopic()(spectators)).toThrow('presence topic itself');
    const long = stateTopic()(Array.from({ length: 16 }, (_, index) => `:p${index}`).join('/'));
    expect(() => presenceTopic()(long)).toThrow('segments');
    const wide = presenceTopic()(stateTopic()(':a/:b/:c/:d'));
    const segment = 'x'.repeat(62);
    expect(() => wide.with({ a: segment, b: segment, c: segment, d: segment })).toThrow('too long');
  });
});

test('topicOfPresence returns the followed topic', () => {
  expect(topicOfPresence('presence/battles/42')).toBe('battles/42');
  expect(topicOfPresence('battles/42')).toBeUndefined();
  expect(topicOfPresence('presence')).toBeUndefined();
});
