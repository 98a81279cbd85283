import { chooseRoom, startRun, type Session } from '@statewire/arena';
import {
  createRealtimeClient,
  type ConnectionStatus,
  type RealtimeClient,
  type RealtimeClientOptions,
} from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

/** A client as a browser would have it: same origin for HTTP and WebSocket. */
export function arenaClient(origin: string, options: Partial<RealtimeClientOptions> = {}): RealtimeClient {
  return createRealtimeClient({
    origin,
    ...options,
    environment: {
      openWebSocket: (url, protocol) => new WebSocket(url, protocol, { headers: { origin } }),
      ...options.environment,
    },
  });
}

export function reached(client: RealtimeClient, state: ConnectionStatus['state']): Promise<ConnectionStatus> {
  return firstValueFrom(client.status$.pipe(filter((status) => status.state === state)));
}

/** Resolves with the session of a new player. */
export async function signIn(origin: string, name = 'Ann'): Promise<Session> {
  const response = await fetch(`${origin}/api/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  return (await response.json()) as Session;
}

/**
 * Starts a battle of a player. It lasts for a quarter of a minute at least.
 *
 * @param token Default: of a new player.
 */
export async function startBattle(origin: string, token?: string): Promise<string> {
  const own = token ?? (await signIn(origin)).token;
  const client = arenaClient(origin, { token: () => own });
  const { runId } = await firstValueFrom(client.act(startRun, {}));
  const { battleId } = await firstValueFrom(client.act(chooseRoom, { runId, roomId: 'room-1-1' }));
  client.close();
  return battleId!;
}
