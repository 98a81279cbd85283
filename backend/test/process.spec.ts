import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';

import { RawSocket } from './support/raw-socket.js';

const PROJECT = join(import.meta.dirname, '..');

/** The server as a process of its own, from its sources. */
class Server {
  output = '';
  readonly #child: ChildProcess;

  constructor(env: Readonly<Record<string, string>>) {
    const from = ['--conditions=source', '--import', './dev/register.mjs', 'src/main.ts'];
    this.#child = spawn(process.execPath, from, {
      cwd: PROJECT,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', HOST: '127.0.0.1', ARENA_DRAIN_SECONDS: '1', ...env },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  async origin(): Promise<string> {
    for (;;) {
      const found = /The Arena is on (http:\S+)/.exec(this.output)?.[1];
      if (found) return found;
      if (this.#child.exitCode !== null) throw new Error(this.output);
      await once(this.#child.stdout!, 'data');
    }
  }

  async exit(signal?: NodeJS.Signals): Promise<number | null> {
    const gone = once(this.#child, 'exit') as Promise<[number | null]>;
    if (signal) this.#child.kill(signal);
    return (await gone)[0];
  }

  destroy(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
  }
}

describe('The process', () => {
  let server: Server;

  afterEach(() => server.destroy());

  it('says which port is taken, and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    server = new Server({ PORT: String(port) });
    const code = await server.exit();
    other.close();

    expect(code).toBe(1);
    expect(server.output).toContain(`Port ${port} is taken.`);
    expect(server.output).not.toMatch(/EADDRINUSE|\n +at /);
  });

  it('names everything that is wrong with its environment at once', async () => {
    server = new Server({ PORT: 'many', AF_WEBSOCKET_ENABLED: 'perhaps', ARENA_SECRET: 'short' });

    expect(await server.exit()).toBe(1);
    expect(server.output).toMatch(/cannot start:\s+ARENA_SECRET .*\s+PORT .*\s+AF_WEBSOCKET_ENABLED /);
    expect(server.output).not.toContain('short');
  });

  it('names an option of the realtime module that cannot be used', async () => {
    server = new Server({ PORT: '0', TRUSTED_PROXIES: 'everybody' });

    expect(await server.exit()).toBe(1);
    expect(server.output).toContain('trustedProxies');
    expect(server.output).not.toMatch(/\n +at /);
  });

  it('is ready until it is told to go, sends its clients away and ends with 0', async () => {
    server = new Server({ PORT: '0' });
    const origin = await server.origin();
    const ready = await fetch(`${origin}/health/ready`);
    const socket = new RawSocket(origin);
    await socket.open();
    socket.send({ type: 'hello', clientId: 'a-client-id-of-this-test-0123' });
    await socket.frame('welcome');
    const exit = server.exit('SIGTERM');
    const drain = await socket.frame('drain');
    const draining = await fetch(`${origin}/health/ready`);
    const refused = await new RawSocket(origin).refused();
    socket.close();

    expect(ready.status).toBe(200);
    expect(drain.reconnectWithin).toBeLessThanOrEqual(1_000);
    expect([draining.status, refused]).toEqual([503, 503]);
    expect(await exit).toBe(0);
  });
});
