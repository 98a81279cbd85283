import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

import type { ArenaState, BattleSpeed, RunProgress, RunSnapshot, Session } from '@statewire/arena';
import type { SnapshotResponse } from '@statewire/protocol';
import { RedisServer } from '@statewire/verification/servers';

const MAIN = fileURLToPath(new URL('../../backend/dist/main.js', import.meta.url));
const CLIENT = fileURLToPath(new URL('../dist/browser/index.html', import.meta.url));
const READY = /The Arena is on (http:\/\/\S+)/;
const RUNS_GAME = 'The game runs on this node.';

/** The built server in a process of its own. It serves the built client. */
export interface Arena {
  readonly url: string;
  /** Resolves when the server runs the game. One of several nodes does. */
  readonly runsGame: Promise<Arena>;
  /** Ends the process at once. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
const servers = new Set<RedisServer>();

/**
 * Hit points of the fighters, as a multiple of the usual ones. A battle then lasts its maximum of five minutes instead of
 * about twenty seconds, so that a slow machine finishes a test before the battle ends.
 */
const LONG_BATTLES = 1_000;

/**
 * @param options `healthFactor`: the `ARENA_HEALTH_FACTOR` of the server. `broker`: its `ARENA_BROKER`; default: one node.
 */
export async function startArena({ healthFactor = LONG_BATTLES, broker = '' } = {}): Promise<Arena> {
  for (const file of [MAIN, CLIENT]) {
    if (!existsSync(file))
      throw new Error(`${file} is missing: run npx nx run-many -t build -p backend frontend first.`);
  }
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      HOST: '127.0.0.1',
      PORT: '0',
      ARENA_CHAOS: 'true',
      ARENA_HEALTH_FACTOR: String(healthFactor),
      ARENA_BROKER: broker,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  let runsGame!: () => void;
  const isHost = new Promise<void>((resolve) => (runsGame = resolve));
  const url = await new Promise<string>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      output += stripVTControlCharacters(String(chunk));
      const ready = READY.exec(output)?.[1];
      if (ready !== undefined) resolve(ready);
      if (output.includes(RUNS_GAME)) runsGame();
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', () => reject(new Error(`The Arena did not start:\n${output}`)));
  });
  const arena: Arena = {
    url,
    runsGame: isHost.then(() => arena),
    kill: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
  return arena;
}

/** Starts a server that several nodes can share. */
export async function startRedis(): Promise<RedisServer> {
  const redis = await RedisServer.start();
  servers.add(redis);
  return redis;
}

/** Ends every server that this spec started, ready or not. */
export async function stopArenas(): Promise<void> {
  await Promise.all([...servers].map((redis) => redis.dispose()));
  servers.clear();
  const exits = [...running].map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(exits);
}

/** A player without a browser. */
export class Player {
  private constructor(
    private readonly url: string,
    readonly session: Session,
  ) {}

  static async join(url: string, name: string): Promise<Player> {
    const response = await post(`${url}/api/session`, { name });
    return new Player(url, (await response.json()) as Session);
  }

  async startRun(): Promise<string> {
    return ((await this.act('runs/start', {})) as RunProgress).runId;
  }

  /** Starts a run and enters its first room, which is always a battle. */
  async startBattle(): Promise<{ readonly runId: string; readonly battleId: string }> {
    const runId = await this.startRun();
    const { data } = await snapshot(this.url, `runs/${runId}`);
    const [roomId] = (data as unknown as RunSnapshot).choices;
    const { battleId } = (await this.act('runs/choose-room', { runId, roomId })) as RunProgress;
    if (battleId === null) throw new Error('The first room was no battle.');
    return { runId, battleId };
  }

  async pause(battleId: string): Promise<void> {
    await this.act('battles/pause', { battleId });
  }

  async resume(battleId: string): Promise<void> {
    await this.act('battles/resume', { battleId });
  }

  async setSpeed(battleId: string, speed: BattleSpeed): Promise<void> {
    await this.act('battles/set-speed', { battleId, speed });
  }

  private async act(name: string, data: object): Promise<unknown> {
    const body = { clientId: `e2e-${this.session.playerId}`.padEnd(22, '0'), id: crypto.randomUUID(), name, data };
    const response = await post(`${this.url}/realtime/actions`, body, this.session.token);
    const frame = (await response.json()) as { readonly type: string; readonly data?: unknown };
    if (frame.type !== 'ack') throw new Error(`${name} was rejected: ${JSON.stringify(frame)}`);
    return frame.data;
  }
}

export async function state(url: string, token: string): Promise<ArenaState> {
  const response = await fetch(`${url}/api/state`, { headers: { Authorization: `Bearer ${token}` } });
  // Jest runs tests in another realm than `fetch`. Strict equality rejects objects of the other realm.
  return JSON.parse(await response.text()) as ArenaState;
}

export async function snapshot(url: string, topic: string): Promise<Extract<SnapshotResponse, { kind: 'state' }>> {
  const response = await fetch(`${url}/realtime/snapshot?topic=${encodeURIComponent(topic)}`);
  if (!response.ok) throw new Error(`There is no snapshot of ${topic}: ${response.status}.`);
  return (await response.json()) as Extract<SnapshotResponse, { kind: 'state' }>;
}

async function post(url: string, body: object, token?: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
}
