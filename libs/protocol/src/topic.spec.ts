import { describe, expect, test } from '@jest/globals';

import { action } from './action.js';
import { ContractError } from './contract-error.js';
import { eventTopic, stateTopic, type Topic, type TopicReference } from './topic.js';

interface Battle {
  readonly tick: number;
}

const battle = stateTopic<Battle>()('battles/:battleId');
const lobby = stateTopic<{ readonly players: number }>()('lobby');
const chat = eventTopic<string>()('runs/:runId/rooms/:room/chat');

describe('a topic of the contract', () => {
  test('gives a reference for its parameters', () => {
    expect(battle.with({ battleId: '42' })).toEqual({
      kind: 'state',
      name: 'battles/42',
      pattern: 'battles/:battleId',
    });
    expect(lobby.with()).toEqual({ kind: 'state', name: 'lobby', pattern: 'lobby' });
    expect(chat.with({ room: 'r.1', runId: 'x~y' }).name).toBe('runs/x~y/rooms/r.1/chat');
    expect(chat.kind).toBe('events');
  });

  test('names its parameters in the order of the pattern', () => {
    expect(chat.parameters).toEqual(['runId', 'room']);
    expect(lobby.parameters).toEqual([]);
  });

  test.each(['', 'a/b', '.', '..', 'ä', 'a b', '%2F', 'x'.repeat(65), ':id', '*'])(
    'rejects %j as a parameter, because parameters are not escaped',
    (battleId) => {
      expect(() => battle.with({ battleId })).toThrow(ContractError);
    },
  );

  test('names the missing parameter', () => {
    // @ts-expect-error the parameter is missing
    expect(() => battle.with({})).toThrow('The parameter "battleId" of the topic "battles/:battleId" is undefined');
  });

  test('ignores inherited parameters', () => {
    const odd = stateTopic()('odd/:constructor');
    // @ts-expect-error `constructor` of an object literal is a function
    expect(() => odd.with({})).toThrow(ContractError);
  });

  test('rejects a name that would be longer than 256 characters', () => {
    const deep = stateTopic()(':a/:b/:c/:d');
    const value = 'x'.repeat(64);
    expect(() => deep.with({ a: value, b: value, c: value, d: value })).toThrow('259 characters');
  });

  test('rejects a parameter with the reserved first segment', () => {
    expect(() => stateTopic()(':area/:id').with({ area: 'presence', id: '1' })).toThrow('reserved');
    expect(stateTopic()('rooms/:id').with({ id: 'presence' }).name).toBe('rooms/presence');
  });

  test.each([
    ['', 'segment ""'],
    ['/a', 'segment ""'],
    ['a//b', 'segment ""'],
    ['a/', 'segment ""'],
    ['a/..', 'segment ".."'],
    ['a/ü', 'segment "ü"'],
    ['a/*', 'segment "*"'],
    ['a/:', 'parameter ":"'],
    ['a/:9', 'parameter ":9"'],
    ['a/:__proto__', 'parameter ":__proto__"'],
    ['a/:id/:id', 'twice'],
    ['presence/x', 'reserved'],
    [Array.from({ length: 17 }, () => 'a').join('/'), '17 segments'],
    [Array.from({ length: 5 }, () => 'x'.repeat(60)).join('/'), 'longer than 256'],
  ])('rejects the pattern %j', (pattern, complaint) => {
    expect(() => stateTopic()(pattern)).toThrow(ContractError);
    expect(() => stateTopic()(pattern)).toThrow(complaint);
  });
});

describe('an action of the contract', () => {
  test('has its name', () => {
    expect(action<{ battleId: string }, Battle>('battles/pause')).toEqual({ name: 'battles/pause' });
  });

  test.each(['', 'battles//pause', 'battles/:id', 'pause!'])('rejects the name %j', (name) => {
    expect(() => action(name)).toThrow(ContractError);
  });
});

describe('the types of the contract', () => {
  test('reject wrong and missing parameters', () => {
    const misuses = [
      // @ts-expect-error the parameters are missing
      () => battle.with(),
      // @ts-expect-error the name of the parameter is wrong
      () => battle.with({ id: '42' }),
      // @ts-expect-error a parameter is a string
      () => battle.with({ battleId: 42 }),
      // @ts-expect-error one of two parameters is missing
      () => chat.with({ runId: '1' }),
    ];
    for (const misuse of misuses) expect(misuse).toThrow(ContractError);
    // @ts-expect-error the topic has no parameters; surplus ones are ignored at run time
    expect(lobby.with({ battleId: '42' }).name).toBe('lobby');
  });

  test('distinguish values and kinds', () => {
    const reference: TopicReference<Battle, 'state'> = battle.with({ battleId: '42' });
    // @ts-expect-error an event topic is not a state topic
    const wrongKind: TopicReference<string, 'state'> = chat.with({ runId: '1', room: '2' });
    // @ts-expect-error the lobby's value is not a battle
    const wrongValue: TopicReference<Battle, 'state'> = lobby.with();
    expect([reference.kind, wrongKind.kind, wrongValue.kind]).toEqual(['state', 'events', 'state']);
  });

  test('accept any topic as an untyped Topic', () => {
    const topics: readonly Topic[] = [battle, lobby, chat];
    expect(topics.map(({ pattern }) => pattern)).toEqual([
      'battles/:battleId',
      'lobby',
      'runs/:runId/rooms/:room/chat',
    ]);
  });
});
