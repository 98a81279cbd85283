import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { map, type Observable } from 'rxjs';
import { WebSocket } from 'ws';

import { people, room } from './contract.js';

/** Node 20 has no WebSocket of its own. A browser needs no `environment`. */
const environment = { openWebSocket: (url: string, protocol: string) => new WebSocket(url, protocol) };

/** @param name undefined: an anonymous guest. */
export function connect(origin: string, name?: string): RealtimeClient {
  return createRealtimeClient({ origin, environment, token: () => name });
}

/** Enters a room: the client is a member while it is subscribed to the topic. */
export function enter(client: RealtimeClient, roomId: string): () => void {
  const subscription = client.events(room.with({ roomId })).subscribe();
  return () => subscription.unsubscribe();
}

/** Emits the people in a room: `Ann, Bob and 1 guest`. */
export function watchPeople(client: RealtimeClient, roomId: string): Observable<string> {
  return client.state(people.with({ roomId })).pipe(
    map(({ count, members }) => {
      const names = members.flatMap(({ info }) => info?.name ?? []).sort();
      const guests = count - names.length;
      return names.join(', ') + (guests === 0 ? '' : ` and ${guests} guest${guests === 1 ? '' : 's'}`);
    }),
  );
}
