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

/** Starts a battle of a new player. It lasts for a quarter of a minute at least. */
export async function startBattle(origin: string): Promise<string> {
  const response = await fetch(`${origin}/api/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'Ann' }),
  });
  const { token } = (await response.json()) as Session;
  const client = arenaClient(origin, { token: () => token });
  const { runId } = await firstValueFrom(client.act(startRun, {}));
  const { battleId } = await firstValueFrom(client.act(chooseRoom, { runId, roomId: 'room-1-1' }));
  client.close();
  return battleId!;
}
