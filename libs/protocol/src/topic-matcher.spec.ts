import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ContractError } from './contract-error.js';
import { TopicMatcher } from './topic-matcher.js';
import { isTopicName } from './topic-name.js';

function matcherOf(...patterns: string[]): TopicMatcher {
  const matcher = new TopicMatcher();
  for (const pattern of patterns) matcher.add(pattern);
  return matcher;
}

describe('TopicMatcher', () => {
  test('finds the pattern of a name, with its parameters', () => {
    const matcher = matcherOf('lobby', 'battles/:battleId', 'runs/:runId/rooms/:room');
    expect(matcher.match('lobby')).toEqual({ pattern: 'lobby', params: {} });
    expect(matcher.match('battles/42')).toEqual({ pattern: 'battles/:battleId', params: { battleId: '42' } });
    expect(matcher.match('runs/7/rooms/north')).toEqual({
      pattern: 'runs/:runId/rooms/:room',
      params: { runId: '7', room: 'north' },
    });
  });

  test('returns undefined for a name that no pattern matches', () => {
    const matcher = matcherOf('lobby', 'battles/:battleId');
    for (const name of [
      'battles',
      'battles/1/2',
      'Lobby',
      'battles/',
      'battles/:battleId',
      '',
      '__proto__',
      'constructor',
    ]) {
      expect(matcher.match(name)).toBeUndefined();
    }
  });

  test.each([[['battles/:battleId', 'battles/latest']], [['battles/latest', 'battles/:battleId']]])(
    'prefers a literal segment to a parameter in any order of registration: %j',
    (patterns) => {
      const matcher = matcherOf(...patterns);
      expect(matcher.match('battles/latest')?.pattern).toBe('battles/latest');
      expect(matcher.match('battles/42')?.pattern).toBe('battles/:battleId');
    },
  );

  test('prefers the pattern with the most literal segments', () => {
    const matcher = matcherOf(':a/:b/:c', 'x/:b/:c', 'x/y/:c', 'x/y/z');
    expect(matcher.match('x/y/z')?.pattern).toBe('x/y/z');
    expect(matcher.match('x/y/1')?.pattern).toBe('x/y/:c');
    expect(matcher.match('x/1/z')?.pattern).toBe('x/:b/:c');
    expect(matcher.match('1/y/z')?.pattern).toBe(':a/:b/:c');
  });

  test.each([
    ['a/:x', 'a/:y'],
    ['a/:x', ':y/b'],
    ['lobby', 'lobby'],
    [':a/b/:c', 'x/:y/:z'],
  ])('rejects the ambiguous patterns %s and %s and names both', (first, second) => {
    const matcher = matcherOf(first);
    expect(() => matcher.add(second)).toThrow(ContractError);
    expect(() => matcher.add(second)).toThrow(`"${first}" and "${second}" are ambiguous`);
  });

  test.each([
    ['a/:x', 'b/:x'],
    ['a/:x', 'a/:x/:y'],
    ['a/b/:c', 'a/:b/c/d'],
  ])('accepts the patterns %s and %s together', (first, second) => {
    expect(() => matcherOf(first, second)).not.toThrow();
  });

  test('never matches a parameter with the reserved first segment', () => {
    expect(matcherOf(':area/:id').match('presence/lobby')).toBeUndefined();
  });

  test('gives the same result for every order of registration', () => {
    const segment = fc.constantFrom('a', 'b', ':p');
    const pattern = fc
      .array(segment, { minLength: 1, maxLength: 4 })
      .map((segments) => segments.map((text, index) => (text === ':p' ? `:p${index}` : text)).join('/'));
    const name = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
      .map((segments) => segments.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { maxLength: 6 }), name, (patterns, wanted) => {
        const outcomes = [patterns, [...patterns].reverse()].map((order) => {
          try {
            return matcherOf(...order).match(wanted)?.pattern;
          } catch (error) {
            expect(error).toBeInstanceOf(ContractError);
            return 'tie';
          }
        });
        expect(outcomes[0]).toBe(outcomes[1]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('isTopicName', () => {
  test.each(['a', 'lobby', 'a.b', '...', '~', 'A-Z_09/x', 'x'.repeat(64), Array(16).fill('a').join('/')])(
    'accepts %j',
    (name) => {
      expect(isTopicName(name)).toBe(true);
    },
  );

  test.each([
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '.',
    'a/..',
    'a b',
    'é',
    'a\n',
    ':a',
    'x'.repeat(65),
    Array(17).fill('a').join('/'),
    Array(4).fill('x'.repeat(64)).join('/') + '/x',
    42,
    null,
    undefined,
    ['a'],
  ])('rejects %j', (name) => {
    expect(isTopicName(name)).toBe(false);
  });
});
