import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';
import { action, stateTopic } from '@statewire/protocol';

import { memoryBroker, OnAction, OnTopic, RealtimeHandlers, TopicParams } from '../../src/index.js';
import { OutboxBudget } from '../../src/delivery/flush-scheduler.js';
import { TestApplication } from '../support/test-application.js';
import { RawWire, rawText } from '../support/raw-wire.js';
import { RecordedLog } from '../support/recorded-log.js';

const KiB = 1024;
const VALUE = 200 * KiB;
/** The default of `outboxHardMark`. */
const HARD_MARK = KiB * KiB;

@RealtimeHandlers()
class Large {
  @OnTopic(stateTopic<string>()('pages/:number'))
  page(@TopicParams() { number }: { number: string }): string {
    return number.slice(0, 1).repeat(VALUE);
  }

  @OnAction(action<void, string>('large'))
  large(): string {
    return 'x'.repeat(VALUE);
  }
}

const topics = (first: number) => Array.from({ length: 100 }, (_, index) => ({ topic: `pages/${first + index}` }));

describe('A8: a client that requests 20 MB and reads nothing', () => {
  const STALLED_TIMEOUT = 500;
  let arena: TestApplication;
  let clock: VirtualEnvironment;
  let log: RecordedLog;

  beforeEach(async () => {
    clock = new VirtualEnvironment();
    log = new RecordedLog();
    arena = await TestApplication.start({
      clock,
      logger: log.logger,
      providers: [Large],
      // The quota of one client for answers would reject most actions.
      realtime: {
        broker: memoryBroker({ maxAnswerCharacters: 0 }),
        limits: { timeouts: { stalledMs: STALLED_TIMEOUT }, frames: { perSecond: 0 } },
      },
    });
  });

  afterEach(() => arena.close());

  test.each([
    ['of a topic', [rawText({ type: 'subscribe', topics: topics(0) })]],
    ['in answers', Array.from({ length: 100 }, (_, id) => rawText({ type: 'action', id: `${id}`, name: 'large' }))],
  ])('%s is closed, and the server buffers at most the hard mark and one value', async (_, asks) => {
    const other = await arena.welcome();
    const wire = await RawWire.welcomed(arena.port);
    wire.socket.pause();
    const budget = arena.get(OutboxBudget);
    const updates = jest.spyOn(budget, 'update');
    const began = clock.monotonic();
    wire.write(Buffer.concat(asks));
    while (!log.text.includes('code=4101')) {
      await other.roundTrip();

      if (budget.bytes > 0) await clock.advance(STALLED_TIMEOUT / 10);
    }
    expect(clock.monotonic() - began).toBeLessThan(10 * STALLED_TIMEOUT);
    expect(Math.max(...updates.mock.calls.map(([, , buffered]) => buffered))).toBeLessThan(HARD_MARK + 2 * VALUE);
    wire.destroy();
    await other.close();
  });
});
