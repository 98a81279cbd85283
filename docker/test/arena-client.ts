import {
  createRealtimeClient,
  type ConnectionStatus,
  type RealtimeClient,
  type RealtimeClientOptions,
} from '@statewire/client';
import { filter, firstValueFrom, timeout } from 'rxjs';
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

export function reached(
  client: RealtimeClient,
  state: ConnectionStatus['state'],
  within = 5_000,
): Promise<ConnectionStatus> {
  return firstValueFrom(
    client.status$.pipe(
      filter((status) => status.state === state),
      timeout({ first: within }),
    ),
  );
}
