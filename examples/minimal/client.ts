import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import type { Observable } from 'rxjs';
import { WebSocket } from 'ws';

import { counter, increment, type Counter } from './contract.js';

/** Node 20 has no WebSocket of its own. A browser needs no `environment`. */
const environment = { openWebSocket: (url: string, protocol: string) => new WebSocket(url, protocol) };

export function connect(origin: string): RealtimeClient {
  return createRealtimeClient({ origin, environment });
}

/** Shows each value, and whether it is live. */
export function watchCounter(client: RealtimeClient, counterId: string, show: (line: string) => void): void {
  client.topic(counter.with({ counterId })).subscribe(({ value, freshness }) => {
    show(value === undefined ? 'loading' : `${value.count} (${freshness.state})`);
  });
}

/** Sends the action at once, and again after each reconnect until the server answers. Emits the answer. */
export function click(client: RealtimeClient, counterId: string): Observable<Counter> {
  return client.act(increment, { counterId });
}
