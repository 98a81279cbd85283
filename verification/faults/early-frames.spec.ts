import { afterEach, describe, expect, it } from '@jest/globals';
import { handshake, head, RawWire, rawText } from '@statewire/nest/internal/testing';

import { BusyServer } from './support/busy/busy-server.js';
import { field, work } from './support/busy/contract.js';
import { FaultProxy, type Conditions } from './support/fault-proxy/index.js';
import { until } from './support/until.js';

const TOPIC = field.with({ id: '0' }).name;

describe('R4: frames sent with the handshake in one write', () => {
  let server: BusyServer;
  let proxy: FaultProxy;

  afterEach(async () => {
    await proxy.stop();
    await server.stop();
  });

  const networks: readonly (readonly [string, Conditions])[] = [
    ['delivers them in one segment', {}],
    ['delivers byte by byte', { slice: 1 }],
    ['is slow and uneven', { latency: 20, jitter: 60, slice: 40 }],
  ];

  it.each(
    networks.flatMap(([name, conditions]) => [0, 50, 100].map((percent) => [percent, name, conditions] as const)),
  )(
    'all run in order if authentication ends after %d %% of their bytes over a network that %s',
    async (percent, _, conditions) => {
      let sent = 0;
      const arrived = (): number => {
        const [tunnel] = proxy.tunnels;
        return tunnel === undefined ? 0 : tunnel.server.bytesWritten - tunnel.server.writableLength;
      };
      server = await BusyServer.start(
        { topics: 1, period: 0 },
        {
          authenticate: async (_request, token) => {
            await until(
              () => arrived() * 100 >= sent * percent,
              () => `${arrived()} of ${sent} bytes have arrived`,
            );
            return { id: token, user: token };
          },
        },
      );
      proxy = await FaultProxy.start(server.port);
      proxy.conditions = conditions;
      const wire = await RawWire.open(proxy.port);
      const early = [
        { type: 'hello', clientId: 'a-client-id-of-this-test-0123' },
        { type: 'subscribe', topics: [{ topic: TOPIC }], ref: 's' },
        { type: 'action', id: '1', name: work.name, data: { key: 'early' } },
        { type: 'unsubscribe', topics: [TOPIC], ref: 'u' },
        { type: 'action', id: '2', name: work.name, data: { key: 'late' } },
      ];
      const upgrade = head([...handshake(proxy.port), 'Authorization: Bearer ann']);
      const bytes = Buffer.concat([Buffer.from(upgrade), ...early.map(rawText)]);
      sent = bytes.length;
      wire.write(bytes);
      const heard = (): string[] => wire.frames().map(({ payload }) => nameOf(JSON.parse(payload.toString()) as Heard));
      await wire.until(() => ['ack 2', 'unsubscribed u'].every((name) => heard().includes(name)));
      const names = heard();
      wire.destroy();

      expect(names.filter((name) => !name.startsWith('ack'))).toEqual([
        'welcome',
        'subscribed s',
        'snapshot',
        'unsubscribed u',
      ]);
      expect(names.filter((name) => name.startsWith('ack'))).toEqual(['ack 1', 'ack 2']);
      expect(names[0]).toBe('welcome');
      expect([...server.world.done]).toEqual([
        ['early', 1],
        ['late', 1],
      ]);
    },
  );
});

interface Heard {
  readonly type: string;
  readonly id?: string;
  readonly ref?: string;
}

function nameOf({ type, id, ref }: Heard): string {
  return [type, id ?? ref].filter(Boolean).join(' ');
}
