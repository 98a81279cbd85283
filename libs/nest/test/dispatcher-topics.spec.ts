import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NotFoundException } from '@nestjs/common';
import { eventTopic, stateTopic } from '@statewire/protocol';
import { IsIn } from 'class-validator';
import { BehaviorSubject, firstValueFrom, ReplaySubject, skip } from 'rxjs';

import { OnTopic, RealtimeError, RealtimeHandlers, TopicParams } from '../src/index.js';
import { TestApplication } from './support/test-application.js';
import { RecordedLog } from './support/recorded-log.js';
import { TRANSPORTS, type TestCaller } from './support/transports.js';

const shop = stateTopic<string>()('shops/:shopId');
const special = stateTopic<string>()('shops/special');
const season = stateTopic<string>()('seasons/:season');
const clock = stateTopic<number>()('clock');
const empty = stateTopic<number>()('empty');
const broken = stateTopic<number>()('broken/:how');
const news = eventTopic<string>()('news');

class SeasonParams {
  @IsIn(['summer', 'winter'])
  season!: string;
}

const failures: Record<string, () => unknown> = {
  missing: () => new NotFoundException('No such thing.'),
  told: () => new RealtimeError('unavailable', 'Closed for lunch.', { retryAfter: 5_000 }),
  bug: () => new TypeError('secret'),
};

@RealtimeHandlers()
class Topics {
  readonly loads: string[] = [];
  readonly time = new BehaviorSubject(1);

  @OnTopic(shop)
  async shop(@TopicParams() { shopId }: { shopId: string }): Promise<string> {
    this.loads.push(shopId);
    return `shop ${shopId}`;
  }

  @OnTopic(special)
  special(): string {
    return 'the special one';
  }

  @OnTopic(season)
  season(@TopicParams() params: SeasonParams): string {
    if (!(params instanceof SeasonParams)) throw new Error('not validated');
    return params.season;
  }

  @OnTopic(clock)
  clock() {
    return this.time;
  }

  @OnTopic(empty)
  empty(): void {}

  @OnTopic(news)
  news(): void {}

  @OnTopic(broken)
  broken(@TopicParams() { how }: { how: string }): number {
    throw failures[how]?.();
  }
}

describe.each(TRANSPORTS)('topics over $name', ({ open }) => {
  let arena: TestApplication;
  let caller: TestCaller;
  let log: RecordedLog;

  beforeEach(async () => {
    log = new RecordedLog();
    arena = await TestApplication.start({
      providers: [Topics],
      logger: log.logger,
    });
    caller = await open(arena);
  });

  afterEach(() => arena.close());

  test('a promise loads the first value once for all callers', async () => {
    const other = await open(arena);
    for (const reader of [caller, other]) {
      expect(await reader.read('shops/1')).toMatchObject({ type: 'subscribed', kind: 'state', offset: 1 });
    }
    expect(arena.get(Topics).loads).toEqual(['1']);
  });

  test('a literal segment takes precedence over a parameter', async () => {
    await caller.read('shops/special');
    expect(arena.get(Topics).loads).toEqual([]);
    expect(await firstValueFrom(arena.bus.stream(special.with()))).toBe('the special one');
  });

  test('an observable is the source of a topic', async () => {
    expect(await caller.read('clock')).toMatchObject({ type: 'subscribed', offset: 1 });
    const values = new ReplaySubject<number>();
    arena.bus.stream(clock.with()).subscribe(values);
    expect(await firstValueFrom(values)).toBe(1);
    arena.get(Topics).time.next(2);
    expect(await firstValueFrom(values.pipe(skip(1)))).toBe(2);
  });

  test.each(['empty', 'news'])('a handler may leave a topic without a value: %s', async (topic) => {
    expect(await caller.read(topic)).toMatchObject({ type: 'subscribed', offset: 0 });
  });

  test('parameters with a DTO are validated before the handler is called', async () => {
    expect(await caller.read('seasons/summer')).toMatchObject({ type: 'subscribed', offset: 1 });
    expect(await caller.read('seasons/monsoon')).toMatchObject({
      type: 'error',
      topic: 'seasons/monsoon',
      code: 'validation_failed',
      details: ['season must be one of the following values: summer, winter'],
    });
  });

  test.each([
    ['missing', { code: 'unknown_topic', message: 'No such thing.' }],
    ['told', { code: 'unavailable', message: 'Closed for lunch.', retryAfter: 5_000 }],
  ])('a handler that throws %s gives this code', async (how, expected) => {
    expect(await caller.read(`broken/${how}`)).toMatchObject({ type: 'error', topic: `broken/${how}`, ...expected });
    expect(log.errors).toEqual([]);
  });

  test('R20: a handler that throws gives internal without its message, and logs the error', async () => {
    const answer = await caller.read('broken/bug');
    expect(answer).toMatchObject({ type: 'error', topic: 'broken/bug', code: 'internal', temporary: true });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(log.errors).toHaveLength(1);
    expect(log.errors[0]).toContain('Topics.broken');
  });

  test.each(['nowhere', 'shops', 'shops/1/2', 'presence/shops', '__proto__', 'constructor'])(
    'a topic without a handler is unknown, and the message names it: %s',
    async (topic) => {
      const message = expect.stringContaining(`There is no handler for the topic "${topic}".`);
      expect(await caller.read(topic)).toMatchObject({ type: 'error', topic, code: 'unknown_topic', message });
    },
  );
});
