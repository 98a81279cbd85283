import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';
import { RawSocket, ServerProcess } from '@statewire/verification/faults';

const MAIN = join(import.meta.dirname, '../src/main.ts');

/** The Arena as a process of its own. */
function arena(env: Readonly<Record<string, string>>): ServerProcess {
  return new ServerProcess(MAIN, { env: { HOST: '127.0.0.1', ARENA_DRAIN_SECONDS: '30', ...env } });
}

describe('The process', () => {
  let server: ServerProcess;

  afterEach(() => server.destroy());

  it('names a port in use and the remedy', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    server = arena({ PORT: String(port) });
    const code = await server.exit();
    other.close();

    expect(code).toBe(1);
    expect(server.output).toContain(`Port ${port} is taken.`);
    expect(server.output).not.toMatch(/EADDRINUSE|\n +at /);
  });

  it('lists all errors of its environment at once', async () => {
    server = arena({ PORT: 'many', AF_WEBSOCKET_ENABLED: 'perhaps', ARENA_SECRET: 'short' });

    expect(await server.exit()).toBe(1);
    expect(server.output).toMatch(/cannot start:\s+ARENA_SECRET .*\s+PORT .*\s+AF_WEBSOCKET_ENABLED /);
    expect(server.output).not.toContain('short');
  });

  it('names an invalid option of the realtime module', async () => {
    server = arena({ PORT: '0', TRUSTED_PROXIES: 'everybody' });

    expect(await server.exit()).toBe(1);
    expect(server.output).toContain('trustedProxies');
    expect(server.output).not.toMatch(/\n +at /);
  });

  it('is ready until SIGTERM, then moves its clients and ends with 0', async () => {
    server = arena({ PORT: '0' });
    const origin = await server.origin();
    const ready = await fetch(`${origin}/health/ready`);
    const socket = new RawSocket(origin);
    await socket.open();
    socket.send({ type: 'hello', clientId: 'a-client-id-of-this-test-0123' });
    await socket.frame('welcome');
    const exit = server.exit('SIGTERM');
    const drain = await socket.frame('drain');
    const draining = await fetch(`${origin}/health/ready`);
    const rejected = await new RawSocket(origin).rejected();
    socket.close();

    expect(ready.status).toBe(200);
    expect(drain.reconnectWithin).toBeLessThanOrEqual(30_000);
    expect([draining.status, rejected]).toEqual([503, 503]);
    expect(await exit).toBe(0);
  });
});
