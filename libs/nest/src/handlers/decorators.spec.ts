import { describe, expect, test } from '@jest/globals';
import { action, eventTopic, stateTopic } from '@statewire/protocol';
import { of } from 'rxjs';

import {
  ACTION_METADATA,
  HANDLERS_METADATA,
  TOPIC_METADATA,
  OnAction,
  OnTopic,
  RealtimeHandlers,
} from './decorators.js';

const score = stateTopic<{ points: number }>()('scores/:playerId');
const notices = eventTopic<string>()('notices');
const add = action<number, { total: number }>('scores/add');

/** The type check is part of the test: an unnecessary `ts-expect-error` fails it. */
@RealtimeHandlers()
class Scores {
  @OnTopic(score)
  now() {
    return { points: 1 };
  }

  @OnTopic(score)
  async later() {
    return { points: 1 };
  }

  @OnTopic(score)
  source() {
    return of({ points: 1 });
  }

  @OnTopic(score)
  nothing() {}

  @OnTopic(score)
  async perhaps(): Promise<{ points: number } | undefined> {
    return undefined;
  }

  // @ts-expect-error a value of another shape
  @OnTopic(score)
  wrong() {
    return { points: '1' };
  }

  // @ts-expect-error a promise of another shape
  @OnTopic(score)
  async wrongLater() {
    return { total: 1 };
  }

  // @ts-expect-error an observable of another shape
  @OnTopic(score)
  wrongSource() {
    return of(1);
  }

  @OnTopic(notices)
  log() {}

  @OnTopic(notices)
  feed() {
    return of('hello');
  }

  // @ts-expect-error an event topic has no first value
  @OnTopic(notices)
  first() {
    return 'hello';
  }

  @OnAction(add, { parallel: true, timeoutMs: 5 })
  add() {
    return { total: 1 };
  }

  // @ts-expect-error a result of another shape
  @OnAction(add)
  wrongAdd() {
    return { total: '1' };
  }

  // @ts-expect-error no result where the contract has one
  @OnAction(add)
  forgotten() {}
}

describe('the decorators of handlers', () => {
  test('store the contract on the method', () => {
    expect(Reflect.getMetadata(HANDLERS_METADATA, Scores)).toBe(true);
    expect(Reflect.getMetadata(TOPIC_METADATA, Scores.prototype.now)).toEqual({ topic: score });
    expect(Reflect.getMetadata(ACTION_METADATA, Scores.prototype.add)).toEqual({
      action: add,
      parallel: true,
      timeout: 5,
    });
  });
});
