import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import type { CallerContext } from '../core/realtime-request.js';
import { SharedFrameLimits } from './rate-limiter.js';
import { RequestLimits } from './request-limits.js';

const LIMITS = {
  frames: { perSecond: 2, perSecondPerUser: 3, perSecondPerAddress: 6, waiting: 2 },
  connections: { subscriptions: 4, perAddress: 3, perUser: 2 },
};

function caller(over: Partial<CallerContext> = {}): CallerContext {
  return {
    headers: {},
    cookies: {},
    ip: '192.0.2.1',
    admission: 'http',
    clientId: 'client',
    identity: undefined,
    ...over,
  };
}

function create(limits = LIMITS, environment = new VirtualEnvironment()): RequestLimits {
  return new RequestLimits(limits, environment, new SharedFrameLimits(limits.frames, environment));
}

/** The maximum number of topics of a client. */
const page = (name: number) => [1, 2, 3, 4].map((index) => ({ topic: `${name}/${index}` }));
const place = { network: '192.0.2.1' };
const ann = caller({ identity: { id: 'ann', user: 'ann' } });

function passes(count: () => void): boolean {
  try {
    count();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'too_many_requests', options: { retryAfter: expect.any(Number) } });
    return false;
  }
}

function countWhile(passing: () => boolean): number {
  let count = 0;
  while (count < 100 && passing()) count += 1;
  return count;
}

describe('RequestLimits', () => {
  test('a caller may send bursts of twice the rate, then continues at the rate', async () => {
    const environment = new VirtualEnvironment();
    const limits = create(LIMITS, environment);
    expect(countWhile(() => passes(() => limits.countCaller(ann)))).toBe(4);
    await environment.advance(1_000);
    expect(countWhile(() => passes(() => limits.countCaller(ann)))).toBe(2);
  });

  test('one user is one caller at every address; anonymous clients count separately', () => {
    const limits = create();
    countWhile(() => passes(() => limits.countCaller(ann)));
    expect(passes(() => limits.countCaller({ ...ann, ip: '192.0.2.9', clientId: 'other' }))).toBe(false);
    countWhile(() => passes(() => limits.countCaller(caller())));
    expect(passes(() => limits.countCaller(caller()))).toBe(false);
    expect(passes(() => limits.countCaller(caller({ clientId: 'other' })))).toBe(true);
    expect(passes(() => limits.countCaller(caller({ ip: '192.0.2.9' })))).toBe(true);
  });

  test('new topics are limited to bursts of twice the subscription limit', async () => {
    const environment = new VirtualEnvironment();
    const limits = create(LIMITS, environment);
    let name = 0;
    expect(countWhile(() => passes(() => limits.countTopics(ann, page((name += 1)))))).toBe(2);
    await environment.advance(1_000);
    expect(countWhile(() => passes(() => limits.countTopics(ann, page((name += 1)))))).toBe(1);
  });

  test('topics of the recent polls of a caller are free', async () => {
    const environment = new VirtualEnvironment();
    const limits = create(LIMITS, environment);
    for (const pause of [0, 50, 2_000, 1_999, 0, 25_000, 0]) {
      await environment.advance(pause);
      expect(countWhile(() => passes(() => limits.countTopics(ann, page(1))))).toBe(100);
    }
    expect(passes(() => limits.countTopics(ann, page(2)))).toBe(true);
  });

  test('only the topics named last are remembered', () => {
    const limits = create();
    for (const name of [1, 2]) limits.countTopics(ann, page(name));
    expect(passes(() => limits.countTopics(ann, page(1)))).toBe(true);
    expect(passes(() => limits.countTopics(ann, page(3)))).toBe(false);
    expect(passes(() => limits.countTopics(ann, page(2)))).toBe(true);
  });

  test('A16: an address may send bursts of twice its rate if it identifies one network', () => {
    const limits = create();
    const count = (network: string | undefined) => countWhile(() => passes(() => limits.countAddress({ network })));
    expect(count('192.0.2.1')).toBe(12);
    expect(count(undefined)).toBe(100);
  });

  test('A16: requests and frames of a user share one limit', async () => {
    const environment = new VirtualEnvironment();
    const rates = new SharedFrameLimits(LIMITS.frames, environment);
    const limits = new RequestLimits(LIMITS, environment, rates);
    expect(countWhile(() => rates.rejectUser('ann') === undefined)).toBe(6);
    expect(passes(() => limits.countCaller(ann))).toBe(false);
    expect(passes(() => limits.countCaller(caller()))).toBe(true);
    await environment.advance(400);
    expect(passes(() => limits.countCaller(ann))).toBe(true);
  });

  test('polls are held up to the connections of a user or an address', () => {
    const limits = create();
    const held = [limits.holdPoll(ann, place), limits.holdPoll(ann, place)];
    expect(limits.holdPoll(ann, place)).toBeUndefined();
    held[0]!();
    expect(limits.holdPoll(ann, place)).toBeDefined();
    let clients = 0;
    const another = (): CallerContext => caller({ clientId: String((clients += 1)) });
    expect(countWhile(() => limits.holdPoll(another(), place) !== undefined)).toBe(3);
  });

  test('anonymous polls behind an unlisted proxy do not share a limit', () => {
    const limits = create();
    const nowhere = { network: undefined };
    expect(countWhile(() => limits.holdPoll(caller(), nowhere) !== undefined)).toBe(100);
    expect(countWhile(() => limits.holdPoll(ann, nowhere) !== undefined)).toBe(2);
  });

  test('actions of one caller run at the same time up to a limit', () => {
    const limits = create();
    const release = limits.startAction(ann);
    limits.startAction(ann);
    expect(passes(() => limits.startAction(ann))).toBe(false);
    release();
    expect(passes(() => limits.startAction(ann))).toBe(true);
  });

  test('0 switches a limit off', () => {
    const limits = create({
      frames: { perSecond: 0, perSecondPerUser: 0, perSecondPerAddress: 0, waiting: 0 },
      connections: { subscriptions: 0, perAddress: 0, perUser: 0 },
    });
    expect(countWhile(() => passes(() => limits.countCaller(ann)))).toBe(100);
    let pages = 0;
    expect(countWhile(() => passes(() => limits.countTopics(ann, page((pages += 1)))))).toBe(100);
    expect(countWhile(() => limits.holdPoll(ann, place) !== undefined)).toBe(100);
    expect(countWhile(() => passes(() => limits.startAction(ann)))).toBe(100);
  });

  test('idle callers are dropped', async () => {
    const environment = new VirtualEnvironment();
    const limits = create(LIMITS, environment);
    for (let index = 0; index < 1_000; index++) limits.countCaller(caller({ clientId: String(index) }));
    const release = limits.holdPoll(ann, place);
    expect(limits.size).toBe(1_001);
    release!();
    await environment.advance(2_001);
    expect(limits.size).toBe(0);
  });
});
