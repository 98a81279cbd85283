import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';
import { battle, chooseRoom, startRun, type BattleSnapshot, type RunProgress, type Session } from '@statewire/arena';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { ServerProcess } from '@statewire/verification/faults';
import { RedisServer, skipReason } from '@statewire/verification/servers';
import { filter, firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const RUNS = /(The game runs on this node)/;

const describeWithServer = skipReason === undefined ? describe : describe.skip;

let processes: ServerProcess[] = [];
let redis: RedisServer | undefined;
const clients: RealtimeClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const process of processes) process.destroy();
  processes = [];
  await redis?.dispose();
  redis = undefined;
});

function arena(broker: string): ServerProcess {
  const env = { HOST: '127.0.0.1', PORT: '0', ARENA_HEALTH_FACTOR: '1000', ARENA_DRAIN_SECONDS: '0' };
  const process = new ServerProcess(MAIN, { env: { ...env, ARENA_BROKER: broker } });
  processes.push(process);
  return process;
}

function connect(origin: string, session?: Session): RealtimeClient {
  const client = createRealtimeClient({
    origin,
    token: () => session?.token,
    polling: { enabled: true, intervalMs: 200 },
    environment: { openWebSocket: (url, protocol) => new WebSocket(url, protocol) },
  });
  clients.push(client);
  return client;
}

/** Starts a battle of a new player. */
async function startBattle(origin: string): Promise<string> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${origin}/api/session`, { method: 'POST', headers, body: '{"name":"Ann"}' });
  const client = connect(origin, (await response.json()) as Session);
  const { runId } = await firstValueFrom(client.act(startRun, {}));
  const { battleId } = await firstValueFrom<RunProgress>(client.act(chooseRoom, { runId, roomId: 'room-1-1' }));
  return battleId!;
}

describeWithServer('Three processes of the Arena on Redis', () => {
  it('R26: go on with a battle after the process that ticks it was killed, and nothing goes back', async () => {
    redis = await RedisServer.start();
    // The first process runs the game, because the others find it running.
    const first = arena(redis.url);
    const origins = [await first.origin()];
    await first.said(RUNS);
    for (const other of [arena(redis.url), arena(redis.url)]) origins.push(await other.origin());
    const battleId = await startBattle(origins[1]!);
    const shown: BattleSnapshot[] = [];
    const values = connect(origins[2]!).state(battle.with({ battleId }));
    values.subscribe((value) => shown.push(value));
    await firstValueFrom(values.pipe(filter(({ tick }) => tick >= 20)));

    await first.exit('SIGKILL');
    await Promise.any(processes.slice(1).map((process) => process.said(RUNS)));
    const { tick } = shown.at(-1)!;
    await firstValueFrom(values.pipe(filter((value) => value.tick >= tick + 20)));

    const ticks = shown.map((value) => value.tick);
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
    expect(processes.slice(1).filter(({ output }) => RUNS.test(output))).toHaveLength(1);
    expect(await startBattle(origins[2]!)).toEqual(expect.any(String));
  });
});

describe('A process whose broker is out of reach', () => {
  it('says so within its time limit, without a secret, and ends', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const process = arena(`redis://:hunter2@127.0.0.1:${port}`);
    const code = await process.exit();
    server.close();

    expect(code).toBe(1);
    expect(process.output).toContain('ARENA_BROKER: The Redis broker could not start');
    expect(process.output).toContain(`127.0.0.1:${port}`);
    expect(process.output).not.toMatch(/hunter2|\n +at /);
  });
});
