import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { createClient } from 'redis';

const ATTEMPTS = 200;

/** What the server has used since its start. */
export interface RedisUsage {
  /** CPU of all its threads, in µs. */
  readonly cpu: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly memory: number;
  /** Calls of scripts by nodes. */
  readonly scripts: number;
}

/** A `redis-server` of the bench, on a free port, without persistence. */
export class RedisProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly admin: ReturnType<typeof newClient>,
    readonly url: string,
  ) {}

  static async start(): Promise<RedisProcess> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'statewire-bench-redis-'));
    const options = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--appendonly',
      'no',
    ];
    const child = spawn('redis-server', options, { stdio: 'ignore' });
    const url = `redis://127.0.0.1:${port}`;
    return new RedisProcess(child, folder, await connected(url), url);
  }

  /** Whether this machine has a Redis server. */
  static async isInstalled(): Promise<boolean> {
    const child = spawn('redis-server', ['--version'], { stdio: 'ignore' });
    return new Promise((resolve) => {
      child.once('error', () => resolve(false));
      child.once('exit', (code) => resolve(code === 0));
    });
  }

  async usage(): Promise<RedisUsage> {
    const text = await this.admin.info('everything');
    const value = (name: string): number => Number(new RegExp(`^${name}:([0-9.]+)`, 'm').exec(text)?.[1] ?? 0);
    return {
      cpu: (value('used_cpu_sys') + value('used_cpu_user')) * 1e6,
      bytesIn: value('total_net_input_bytes'),
      bytesOut: value('total_net_output_bytes'),
      memory: value('used_memory'),
      scripts: Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(text)?.[1] ?? 0),
    };
  }

  async flush(): Promise<void> {
    await this.admin.sendCommand(['FLUSHALL']);
  }

  /** Cuts every other connection. */
  async cutConnections(): Promise<void> {
    for (const type of ['normal', 'pubsub'])
      await this.admin.sendCommand(['CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes']);
  }

  async stop(): Promise<void> {
    this.admin.destroy();
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function newClient(url: string) {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  return client;
}

async function connected(url: string): Promise<ReturnType<typeof newClient>> {
  for (let attempt = 1; ; attempt += 1) {
    const client = newClient(url);
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await wait(50);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
