import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { Client, type QueryResult } from 'pg';

import { freePort } from './free-port.js';
import type { Machine } from './network.js';

const STARTS_WITHIN_MS = 120_000;
/** Where Debian puts the programs of each version. They are not on the PATH. */
const VERSIONS = '/usr/lib/postgresql';
const USER = 'postgres';
const OLDEST_MAJOR_VERSION = 15;
const DEFAULT_PORT = 5432;

/** The folder of the newest installed version; undefined if there is none. */
const binaries = findBinaries();

/** Why the tests that start a PostgreSQL server are skipped. With `CI=true` they fail instead. */
export const postgresSkipReason =
  binaries === undefined
    ? `PostgreSQL ${OLDEST_MAJOR_VERSION} is not installed (Debian: apt-get install postgresql)`
    : undefined;

/** Address of a PostgreSQL server of one's own for the broker suite. The suite ends the connections of other users of its database. */
export const ownPostgresServer = process.env.DATABASE_URL;

if (postgresSkipReason !== undefined && ownPostgresServer === undefined && process.env.CI === 'true')
  throw new Error(`The tests need a server: ${postgresSkipReason}.`);

function findBinaries(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const versions = readdirSync(VERSIONS).filter((name) => existsSync(join(VERSIONS, name, 'bin', 'postgres')));
  const newest = versions.map(Number).sort((a, b) => b - a)[0];
  return newest === undefined || newest < OLDEST_MAJOR_VERSION ? undefined : join(VERSIONS, String(newest), 'bin');
}

/** The server refuses root, so root runs it as another user. */
function identity(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${USER}:`));
  if (line === undefined) throw new Error(`There is no user "${USER}", and PostgreSQL does not run as root.`);
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'statewire-postgres-'));
  const { uid, gid } = identity();
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

/** A program of the server as a command, on a machine if there is one. Only root may enter a machine. */
function commandOf(program: string, machine?: Machine): readonly [command: string, ...args: string[]] {
  const path = join(binaries!, program);
  if (machine === undefined) return [path];
  const { uid, gid } = identity();
  return ['ip', 'netns', 'exec', machine.name, 'setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', path];
}

function run(program: string, args: readonly string[], machine?: Machine): void {
  const [command, ...first] = commandOf(program, machine);
  const { status, stderr, error } = spawnSync(command, [...first, ...args], {
    ...(machine === undefined ? identity() : {}),
    cwd: tmpdir(),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
}

/** A PostgreSQL server of a test, on a port and in a folder of its own. */
export class PostgresServer {
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    readonly folder: string,
    readonly host = '127.0.0.1',
    private readonly machine?: Machine,
  ) {}

  /** Starts a server on a machine, which this host reaches at `host`. */
  static async startOn(machine: Machine, host: string): Promise<PostgresServer> {
    return new PostgresServer(DEFAULT_PORT, newFolder(), host, machine).create([]);
  }

  /** Starts a server with settings such as `max_connections=20`. */
  static async start(...settings: string[]): Promise<PostgresServer> {
    return new PostgresServer(await freePort(), newFolder()).create(settings);
  }

  /**
   * Starts a streaming standby of a server.
   *
   * @param place a machine, the address at which this host reaches it, and the address of the server on it.
   */
  static async startStandby(
    primary: PostgresServer,
    place?: { readonly machine: Machine; readonly host: string; readonly otherHost: string },
  ): Promise<PostgresServer> {
    const standby =
      place === undefined
        ? new PostgresServer(await freePort(), newFolder())
        : new PostgresServer(DEFAULT_PORT, newFolder(), place.host, place.machine);
    const url = urlOf(place?.otherHost ?? primary.host, primary.port);
    const args = ['-D', standby.data, '-d', url, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
    run('pg_basebackup', args, place?.machine);
    await standby.start();
    return standby;
  }

  private async create(settings: readonly string[]): Promise<this> {
    run('initdb', [
      '-D',
      this.data,
      '-U',
      USER,
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ]);
    const lines = [
      ...settings,
      'fsync=off',
      'max_connections=50',
      "unix_socket_directories=''",
      'max_wal_senders=4',
      'wal_keep_size=64',
    ];
    appendFileSync(join(this.data, 'postgresql.conf'), `${lines.reverse().join('\n')}\n`);
    if (this.machine !== undefined) {
      const lines = ['all', 'replication'].map((database) => `host ${database} ${USER} samenet trust`);
      appendFileSync(join(this.data, 'pg_hba.conf'), `${lines.join('\n')}\n`);
    }
    await this.start();
    return this;
  }

  get url(): string {
    return urlOf(this.host, this.port);
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  /** Starts the process, with its data if there is any. */
  async start(): Promise<void> {
    const [command, ...first] = commandOf('postgres', this.machine);
    const address = this.machine === undefined ? this.host : '*';
    const child = spawn(command, [...first, '-D', this.data, '-p', String(this.port), '-h', address], {
      ...(this.machine === undefined ? identity() : {}),
      cwd: this.folder,
      stdio: 'ignore',
    });
    this.child = child;
    const deadline = performance.now() + STARTS_WITHIN_MS;
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('postgres ended while it started.');
      if (await this.isReady()) return;
      if (performance.now() > deadline) throw new Error(`postgres did not answer within ${STARTS_WITHIN_MS} ms.`);
      await wait(20);
    }
  }

  /** Stops all processes of the server so that they answer nothing, with their sockets open. */
  freeze(): void {
    const { pid } = this;
    if (pid === undefined) return;
    // The first process ends the others, so that none of them vanishes while it is stopped.
    process.kill(pid, 'SIGSTOP');
    for (const child of this.processesOf(pid)) process.kill(child, 'SIGSTOP');
  }

  thaw(): void {
    const { pid } = this;
    if (pid === undefined) return;
    for (const child of this.processesOf(pid)) process.kill(child, 'SIGCONT');
    process.kill(pid, 'SIGCONT');
  }

  /** Makes a standby a primary. */
  promote(): void {
    run('pg_ctl', ['promote', '-D', this.data, '-w']);
  }

  /** Ends the server in good order, without waiting for its clients. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    await ended;
  }

  /** Ends the processes at once. The folder stays. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    const rest = this.processesOf(child.pid!);
    child.kill('SIGKILL');
    await ended;
    for (const pid of rest) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    while (rest.some(isAlive)) await wait(10);
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs a statement on a connection of its own. */
  async query(text: string, values: unknown[] = []): Promise<QueryResult> {
    return withClient(this.url, (client) => client.query(text, values));
  }

  private async isReady(): Promise<boolean> {
    return this.query('select 1').then(
      () => true,
      () => false,
    );
  }

  private get pid(): number | undefined {
    return this.child?.pid;
  }

  /** The backends and workers are children of the first process. */
  private processesOf(parent: number): number[] {
    return readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  }
}

function urlOf(host: string, port: number): string {
  return `postgres://${USER}@${host}:${port}/postgres`;
}

function isAlive(pid: number): boolean {
  // A process that ended, and whose parent has not waited for it, has no memory.
  return existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/statm`, 'utf8') !== '0 0 0 0 0 0 0\n';
}

/** Runs work on a connection of its own. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
