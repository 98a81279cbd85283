import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { distinctUntilChanged, filter, map, type Observable } from 'rxjs';
import { WebSocket } from 'ws';

import { addTodo, todoList } from './contract.js';

/** Node 20 has no WebSocket of its own. A browser needs no `environment`. */
const environment = { openWebSocket: (url: string, protocol: string) => new WebSocket(url, protocol) };

export function connect(origin: string): RealtimeClient {
  return createRealtimeClient({ origin, environment });
}

/** Emits the list: `buy milk, call Ann (1 unsaved)`. */
export function watchTodos(client: RealtimeClient, listId: string): Observable<string> {
  return client.topic(todoList.with({ listId })).pipe(
    filter(({ value }) => value !== undefined),
    map(({ value, pending }) => (value?.todos.join(', ') ?? '') + (pending === 0 ? '' : ` (${pending} unsaved)`)),
    distinctUntilChanged(),
  );
}

/**
 * Adds a todo. The list shows it at once. If the server rejects the action, the client removes it again, and the observable
 * fails with the reason.
 */
export function add(client: RealtimeClient, listId: string, text: string): Observable<void> {
  // The value may have the todo already when the answer is still on its way.
  const show = ({ todos }: { todos: readonly string[] }) => ({
    todos: [...todos.filter((todo) => todo !== text), text],
  });
  return client
    .act(addTodo, { listId, text }, { optimistic: [todoList.with({ listId }), show] })
    .pipe(map(() => undefined));
}
