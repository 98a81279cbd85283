import { describe, expect, test } from '@jest/globals';

import type { RealtimeClientOptions } from '../src/index.js';
import { battle, battleAt, notices, other, pause, setUp } from './support/bench.js';

const options = { disconnectAfterMs: 10_000, lingerMs: 1_000 };

describe.each<[transport: string, more: Partial<RealtimeClientOptions>, state: string]>([
  ['the WebSocket', {}, 'live'],
  ['polling', { webSocket: { enabled: false } }, 'polling'],
])('a client with disconnectAfterMs over %s', (_transport, more, connected) => {
  test('disconnects that long after its last subscription ended, and connects again with the next', async () => {
    const { environment, server, client, states } = setUp({ ...options, ...more });
    server.publish(battle, battleAt(1));
    const first = client.state(battle).subscribe();
    await environment.advance(60_000);
    expect(client.status.state).toBe(connected);

    first.unsubscribe();
    await environment.advance(10_900);
    expect(client.status.state).toBe(connected);
    await environment.advance(200);
    expect(client.status.state).toBe('idle');
    const polls = server.polls.length;
    await environment.advance(60_000);
    expect(server.connections).toEqual([]);
    expect(server.polls).toHaveLength(polls);

    server.publish(battle, battleAt(2));
    const values: unknown[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    await environment.advance(3_000);
    expect(values).toEqual([battleAt(2)]);
    expect(states()).toEqual(['idle', 'connecting', connected, 'idle', 'connecting', connected]);
  });

  test('stays connected from one page to the next', async () => {
    const { environment, server, client, states } = setUp({ ...options, ...more });
    const page = client.state(battle).subscribe();
    await environment.advance(20_000);
    page.unsubscribe();
    await environment.advance(5_000);
    server.declare(notices);
    client.events(notices).subscribe();
    await environment.advance(60_000);
    expect(states()).toEqual(['idle', 'connecting', connected]);
  });

  test('stays connected while an action is unanswered', async () => {
    const { environment, server, client } = setUp({ ...options, ...more });
    server.handle(
      pause.name,
      () => new Promise((resolve) => environment.setTimer(() => resolve({ paused: true }), 8_000)),
    );
    const results: unknown[] = [];
    await environment.advance(1_000);
    client.act(pause, { battleId: '1' }).subscribe((result) => results.push(result));
    await environment.advance(9_500);
    expect([results, client.status.state]).toEqual([[{ paused: true }], connected]);
    await environment.advance(10_000);
    expect(client.status.state).toBe('idle');
  });

  test('disconnects if connect() is followed by no use', async () => {
    const { environment, client } = setUp({ ...options, ...more });
    client.connect();
    await environment.advance(9_000);
    expect(client.status.state).toBe(connected);
    await environment.advance(2_000);
    expect(client.status.state).toBe('idle');
  });
});

test('a client without disconnectAfterMs stays connected', async () => {
  const { environment, client } = setUp({ lingerMs: 0 });
  client.state(other).subscribe().unsubscribe();
  await environment.advance(600_000);
  expect(client.status.state).toBe('live');
});

test('a client that is denied stays denied, and a closed client keeps no timer', async () => {
  const { environment, server, client } = setUp(options);
  server.verify = () => 'forbidden';
  client.state(battle).subscribe().unsubscribe();
  await environment.advance(30_000);
  expect(client.status.state).toBe('denied');
  client.close();
  expect(environment.timers).toBe(0);
});

test('a client that nothing uses stays disconnected when its page becomes visible or is shown again', async () => {
  const { environment, server, client } = setUp(options);
  client.connect();
  await environment.advance(20_000);
  environment.hidePage();
  environment.showPage();
  environment.wake('visible');
  await environment.advance(60_000);
  expect(client.status.state).toBe('idle');
  expect(server.upgradeCount).toBe(1);
});
