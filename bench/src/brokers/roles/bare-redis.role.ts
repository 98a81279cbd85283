import { createClient } from 'redis';

import { ReceivedMessages } from '../node-report.js';
import { paced, windowed } from '../pace.js';
import type { BrokerRole, PublishCommand } from '../role.js';
import { battleTexts, stamped } from '../texts.js';

/**
 * Appends to a history of 1,000 entries and publishes the delta and the whole value to all nodes: what a broker does that
 * sends no deltas alone.
 */
const VALUE_AND_DELTA = `
local offset = redis.call('HINCRBY', KEYS[1], 'o', 1)
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 't', time[1], 'd', ARGV[2])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1000, offset .. '-0', 'p', ARGV[1], 't', time[1])
redis.call('PEXPIRE', KEYS[1], 450000)
redis.call('PEXPIRE', KEYS[2], 450000)
redis.call('PUBLISH', ARGV[3], offset .. '\\n' .. ARGV[1] .. '\\n' .. ARGV[2])
return offset`;

/**
 * Nodes that use the package `redis` alone. `bare`: a PUBLISH of the delta, without history. `value-and-delta`: a script
 * that keeps a history and sends both to all nodes.
 */
export async function start({ url, form }: { url: string; form: 'bare' | 'value-and-delta' }): Promise<BrokerRole> {
  const client = createClient({ url });
  client.on('error', () => undefined);
  await client.connect();
  const script = await client.scriptLoad(VALUE_AND_DELTA);
  const subscriber = client.duplicate();
  await subscriber.connect();
  const texts = battleTexts();
  const received = new ReceivedMessages();

  const publish = (topics: number) => (index: number) => {
    const topic = index % topics;
    const { data, delta } = texts[Math.floor(index / topics) % texts.length]!;
    return form === 'bare'
      ? client.publish(`c:${topic}`, stamped(delta))
      : client.evalSha(script, {
          keys: [`m:${topic}`, `l:${topic}`],
          arguments: [stamped(delta), stamped(data), `c:${topic}`],
        });
  };

  return {
    follow: async (topics: number) => {
      const channels = Array.from({ length: topics }, (_, index) => `c:${index}`);
      await subscriber.subscribe(channels, (message) => received.add(message.toString()), true);
    },
    publish: ({ topics, count, window, perSecond }: PublishCommand) =>
      perSecond === undefined
        ? windowed(count, window ?? 1, publish(topics))
        : paced(count, perSecond, publish(topics)),
    reset: () => received.reset(),
    report: () => received.report(),
    resumed: () => 0,
  };
}
