import { afterEach, describe, expect, it } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

import { FaultProxy, type Direction } from './support/fault-proxy/index.js';
import { moving, MovingServer } from './support/moving-server.js';
import { until } from './support/until.js';

const HEARTBEAT = { intervalMs: 400, timeoutMs: 200 };
/** A busy machine may need ten times as long. Without a heartbeat TCP would need 15 minutes. */
const ALLOWED = 10 * (HEARTBEAT.intervalMs + HEARTBEAT.timeoutMs);

describe('R7: a heartbeat on real sockets', () => {
  let server: MovingServer;
  let proxy: FaultProxy;
  let client: RealtimeClient;

  async function connect(heartbeat = HEARTBEAT): Promise<string> {
    server = await MovingServer.start({ heartbeat });
    proxy = await FaultProxy.start(server.port);
    client = createRealtimeClient({
      origin: proxy.origin,
      environment: { openWebSocket: (url, protocol) => new WebSocket(url, protocol) },
    });
    client.state(moving.with()).subscribe();
    return live();
  }

  afterEach(async () => {
    client.close();
    await server.stop();
    await proxy.stop();
  });

  const live = async (not?: string): Promise<string> => {
    const status = await firstValueFrom(
      client.status$.pipe(filter((status) => status.state === 'live' && status.connectionId !== not)),
    );
    return status.state === 'live' ? status.connectionId : '';
  };
  /** Resolves when the server has dropped a connection, with the milliseconds until then. */
  const freed = async (connectionId: string): Promise<number> => {
    const began = performance.now();
    await until(
      () => !server.connections.list().some(({ id }) => id === connectionId),
      () => 'the server keeps it',
    );
    return performance.now() - began;
  };

  it.each<Direction>(['both', 'to-server', 'to-client'])(
    'that is lost (%s) ends the connection, and the client returns with one connection',
    async (direction) => {
      const connectionId = await connect();
      proxy.blackhole('web-sockets', direction);
      const [took] = await Promise.all([freed(connectionId), live(connectionId)]);

      expect(took).toBeLessThan(ALLOWED);
      expect(server.connections.list()).toHaveLength(1);
      await server.publish();
      const value = client.state(moving.with()).pipe(filter(({ tick }) => tick === server.at(server.top)?.tick));
      expect(await firstValueFrom(value)).toEqual(server.at(server.top));
    },
  );

  it.each<Direction>(['both', 'to-server'])(
    'that the server does not receive (%s) ends the connection with 4200',
    async (direction) => {
      const connectionId = await connect();
      proxy.blackhole('web-sockets', direction);
      await freed(connectionId);

      expect(server.log.filter((line) => line.includes('4200'))).toEqual([expect.stringContaining(connectionId)]);
    },
  );

  it('keeps an idle connection open', async () => {
    const connectionId = await connect({ intervalMs: 100, timeoutMs: 60_000 });
    const { framesReceived } = client.metrics;
    await firstValueFrom(client.metrics$.pipe(filter((metrics) => metrics.framesReceived >= framesReceived + 5)));

    expect(await live()).toBe(connectionId);
    expect(client.metrics.reconnects).toBe(0);
  });
});
