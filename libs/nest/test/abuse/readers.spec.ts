import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { action, stateTopic } from '@statewire/protocol';

import { OnAction, OnTopic, RealtimeHandlers, TopicParams } from '../../src/index.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { RawWire, rawText } from '../../src/testing/raw-wire.js';
import { RecordedLog } from '../recorded-log.js';

const KiB = 1024;
const MiB = KiB * KiB;

@RealtimeHandlers()
class Large {
  @OnTopic(stateTopic<string>()('pages/:number'))
  page(@TopicParams() { number }: { number: string }): string {
    return number.slice(0, 1).repeat(200 * KiB);
  }

  @OnAction(action<void, string>('large'))
  large(): string {
    return 'x'.repeat(200 * KiB);
  }
}

const topics = (first: number) => Array.from({ length: 100 }, (_, index) => ({ topic: `pages/${first + index}` }));

describe('A8: a client that asks for 20 MB and reads nothing', () => {
  let arena: TestApplication;
  const log = new RecordedLog();

  beforeEach(async () => {
    arena = await TestApplication.start({
      logger: log.logger,
      providers: [Large],
      realtime: { limits: { stalledTimeout: 500, framesPerSecond: 0 } },
    });
  });

  afterEach(() => arena.close());

  test.each([
    ['of topics', [rawText({ type: 'subscribe', topics: topics(0) })]],
    ['of answers', Array.from({ length: 100 }, (_, id) => rawText({ type: 'action', id: `${id}`, name: 'large' }))],
  ])(
    '%s is cut off, and so little is kept for it that others notice nothing',
    async (_, asks) => {
      log.lines.length = 0;
      const other = await arena.welcome();
      const wire = await RawWire.welcomed(arena.port);
      wire.socket.pause();
      const before = process.memoryUsage().arrayBuffers;
      const began = performance.now();
      wire.write(Buffer.concat(asks));
      let most = 0;
      while (!log.text.includes('code=4101')) {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        await other.roundTrip();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(performance.now() - began).toBeLessThan(5_000);
      // A mark of 1 MiB for what waits, the values themselves, and what is being written.
      expect(most).toBeLessThan(16 * MiB);
      wire.destroy();
      await other.close();
    },
    12_000,
  );
});
