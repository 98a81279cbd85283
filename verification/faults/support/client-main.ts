import { createRealtimeClient } from '@statewire/client';
import { WebSocket } from 'ws';

import { field } from './busy/contract.js';

/** Runs a client in its own process. It follows one field of `ORIGIN` and reports its states. */
if (process.argv[1] === import.meta.filename) {
  const client = createRealtimeClient({
    origin: process.env.ORIGIN ?? '',
    polling: { intervalMs: 500 },
    backoff: { maxMs: 500 },
    environment: { openWebSocket: (url, protocol) => new WebSocket(url, protocol) },
  });
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  client.status$.subscribe((status) => say(`status ${status.state}`));
  client.topic(field.with({ id: '0' })).subscribe(({ position, value, freshness }) => {
    if (position === undefined) return;
    say(`at ${position.epoch}:${position.offset} ${freshness.state} ${JSON.stringify(value)}`);
  });
  client.metrics$.subscribe(({ reconnects, polls, snapshots }) =>
    say(`metrics ${JSON.stringify({ reconnects, polls, snapshots })}`),
  );
}
