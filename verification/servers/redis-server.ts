import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { createClient } from 'redis';

import type { Machine } from './network.js';

import { freePort } from './free-port.js';

const BINARY = 'redis-server';
const DEFAULT_PORT = 6379;
const STARTS_WITHIN_MS = 30_000;

/** Why no server can be started here; undefined if one can. */
function missing(): string | undefined {
  const { error } = spawnSync(BINARY, ['--version']);
  return error === undefined ? undefined : `${BINARY} is not installed (Debian: apt-get install redis-server)`;
}

/** Why the tests that start a server are skipped. With `CI=true` they fail instead. */
export const skipReason = missing();

/** Address of a server of one's own for the broker suite. It must be empty of other users, because the suite ends their connections. */
export const ownServer = process.env.REDIS_URL;

if (skipReason !== undefined && ownServer === undefined && process.env.CI === 'true')
  throw new Error(`The tests need a server: ${skipReason}.`);

/** A `redis-server` of a test, on a port and in a folder of its own. */
export class RedisServer {
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    readonly folder: string,
    private readonly options: readonly string[],
    readonly host = '127.0.0.1',
    private readonly machine?: Machine,
  ) {}

  /** Starts a server on a machine, which this host reaches at `host`. */
  static async startOn(machine: Machine, host: string, ...options: string[]): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'statewire-redis-'));
    const server = new RedisServer(DEFAULT_PORT, folder, ['--protected-mode', 'no', ...options], host, machine);
    await server.start();
    return server;
  }

  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), mkdtempSync(join(tmpdir(), 'statewire-redis-')), options);
    await server.start();
    return server;
  }

  /** Starts a sentinel that promotes a replica of the master when it is gone. */
  static async startSentinel(
    group: string,
    master: number,
    { downAfterMs, failoverTimeoutMs }: { downAfterMs: number; failoverTimeoutMs: number },
  ): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'statewire-redis-'));
    const file = join(folder, 'sentinel.conf');
    const lines = [
      `sentinel monitor ${group} 127.0.0.1 ${master} 1`,
      `sentinel down-after-milliseconds ${group} ${downAfterMs}`,
      `sentinel failover-timeout ${group} ${failoverTimeoutMs}`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const sentinel = new RedisServer(await freePort(), folder, []);
    const args = [file, '--sentinel', '--port', String(sentinel.port), '--bind', '127.0.0.1', '--dir', folder];
    await sentinel.spawn(args);
    return sentinel;
  }

  /** Starts a node of a cluster that knows no other node yet. */
  static async startClusterNode(): Promise<RedisServer> {
    const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'];
    const others = ['--cluster-require-full-coverage', 'no', '--cluster-replica-validity-factor', '0'];
    const busPort = await freePort();
    return RedisServer.start(...options, ...others, '--cluster-port', String(busPort));
  }

  /** Port for the other nodes of a cluster. */
  get busPort(): number {
    return Number(this.options[this.options.indexOf('--cluster-port') + 1]);
  }

  /** Whether the process was started and not ended since. */
  get isRunning(): boolean {
    return this.child !== undefined;
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  /** Starts the process, with its data if there is any. Further options replace earlier ones. */
  async start(...more: string[]): Promise<void> {
    const base = [
      '--port',
      String(this.port),
      '--bind',
      this.machine === undefined ? this.host : '*',
      '--dir',
      this.folder,
      '--save',
      '',
    ];
    const args = [...base, '--appendonly', 'no', '--repl-diskless-sync-delay', '0', ...this.options, ...more];
    await this.spawn(args);
  }

  private async spawn(args: readonly string[]): Promise<void> {
    const command = this.machine === undefined ? [BINARY] : ['ip', 'netns', 'exec', this.machine.name, BINARY];
    const child = spawn(command[0]!, [...command.slice(1), ...args], { stdio: 'ignore' });
    this.child = child;
    await untilReady(this.port, this.host, () => child.exitCode === null && child.signalCode === null);
  }

  /** Stops the process so that it answers nothing, with its sockets open. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** Ends the process at once. The folder stays. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs commands on a connection of their own. */
  async admin<T>(work: (send: (...args: string[]) => Promise<unknown>) => Promise<T>): Promise<T> {
    return withAdmin(this.url, work);
  }
}

/** Runs commands on a connection of their own. */
export async function withAdmin<T>(
  url: string,
  work: (send: (...args: string[]) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const client = createClient({ url, RESP: 3, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work((...args) => client.sendCommand(args));
  } finally {
    client.destroy();
  }
}

async function untilReady(port: number, host: string, isAlive: () => boolean): Promise<void> {
  const deadline = performance.now() + STARTS_WITHIN_MS;
  for (;;) {
    if (!isAlive()) throw new Error(`${BINARY} ended while it started.`);
    if ((await answer(port, host))?.startsWith('+PONG')) return;
    if (performance.now() > deadline) throw new Error(`${BINARY} did not answer within ${STARTS_WITHIN_MS} ms.`);
    await wait(10);
  }
}

/** The answer to a PING; undefined if there is none. */
function answer(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write('PING\r\n'));
    const end = (text?: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on('data', (data) => end(data.toString()));
    socket.on('error', () => end());
    socket.setTimeout(1_000, () => end());
  });
}
