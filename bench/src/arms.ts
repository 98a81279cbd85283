import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import type { DialectName } from './load/dialects.js';
import { RemoteProcess } from './remote-process.js';
import type { ServerRole, StartOptions } from './server-protocol.js';

export type ServerProcess = RemoteProcess<ServerRole>;

/** One way of sending values. */
export interface Arm {
  /** As in the tables and charts. */
  readonly name: string;
  readonly dialect: DialectName;
  start(): Promise<ServerProcess>;
  /** Returns why the arm cannot run here; undefined: it can. */
  readonly missing: () => string | undefined;
}

const PEERS = join(import.meta.dirname, '../peers/package.json');
const BUN = join(dirname(PEERS), 'node_modules/@oven/bun-linux-x64/bin/bun');
const SOURCE = join(import.meta.dirname, '../native/write-loop.c');
const BINARY = join(import.meta.dirname, 'native/write-loop');

export const ARMS = {
  statewire: nodeArm('Statewire', 'statewire', 'statewire'),
  wsNaive: nodeArm('ws, naive', 'ws-naive', 'ws'),
  wsOnce: nodeArm('ws, stringify once', 'ws-once', 'ws'),
  wsPreframed: nodeArm('ws, one preframed write', 'ws-preframed', 'ws'),
  net: nodeArm('raw net', 'net', 'raw'),
  nestWs: nodeArm('Nest platform-ws', 'nest-ws', 'nestWs'),
  nestSocketIo: nodeArm('Nest platform-socket.io', 'nest-socket-io', 'socketIo'),
  socketIo: nodeArm('socket.io', 'socket-io', 'socketIo'),
  socketIoRecovery: nodeArm('socket.io, recovery', 'socket-io-recovery', 'socketIo'),
  uws: { ...nodeArm('uWebSockets.js', 'uws', 'ws'), missing: missingUws },
  bun: {
    name: 'Bun',
    dialect: 'ws',
    start: () => startServer('bun', [BUN]),
    missing: () => failureOf(BUN, ['--version'], 'Bun'),
  },
  c: { name: 'write() loop in C', dialect: 'raw', start: () => RemoteProcess.run([BINARY]), missing: missingC },
} as const satisfies Readonly<Record<string, Arm>>;

/** Statewire with its limits for the frames of a connection. */
export const LIMITED_STATEWIRE: Arm = {
  ...ARMS.statewire,
  start: () => startServer('statewire', undefined, { hasFrameLimits: true }),
};

function nodeArm(name: string, server: string, dialect: DialectName): Arm {
  return { name, dialect, start: () => startServer(server), missing: () => undefined };
}

/** @param options for the `start` of the server. */
function startServer(arm: string, program?: readonly string[], options?: StartOptions): Promise<ServerProcess> {
  return RemoteProcess.start<ServerRole>('./server-role.js', { arm, options }, program);
}

function missingUws(): string | undefined {
  try {
    createRequire(PEERS)('uwebsockets');
    return undefined;
  } catch (error) {
    return `uWebSockets.js does not load: ${String(error).split('\n')[0]}`;
  }
}

function missingC(): string | undefined {
  mkdirSync(dirname(BINARY), { recursive: true });
  return failureOf('cc', ['-O2', '-o', BINARY, SOURCE], 'a C compiler (cc)');
}

/** Runs a program and returns why it failed. */
function failureOf(program: string, args: readonly string[], what: string): string | undefined {
  const { status, error } = spawnSync(program, args, { stdio: 'ignore' });
  if (status === 0) return undefined;
  return error ? `${what} is not installed` : `${what} ended with ${status}`;
}
