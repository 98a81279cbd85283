import { describe, expect, test } from '@jest/globals';

import { battle, battleAt, fight, setUp } from './bench.js';

describe('connecting', () => {
  test('hello, subscribe and actions go out in one go when the socket opens, and the snapshot arrives', async () => {
    const { environment, server, client, states } = setUp();
    server.publish(battle, battleAt(1));
    const values: unknown[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    await environment.advance(200);
    expect(values).toEqual([battleAt(1)]);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
    expect(server.connections[0]!.received.map(({ type }) => type).slice(0, 2)).toEqual(['hello', 'subscribe']);
  });

  test('a black hole under a moving battle shows polling within a second and the battle goes on', async () => {
    const { environment, server, client } = setUp();
    const game = fight(environment, server);
    let seen = 0;
    client.state(battle).subscribe(({ tick }) => (seen = tick));
    await environment.advance(2_000);
    expect(client.status.state).toBe('live');
    server.blackhole();
    await environment.advance(1_000);
    expect(client.status.state).toBe('polling');
    await environment.advance(2_000);
    expect(game.tick() - seen).toBeLessThan(21);
    server.heal();
    await environment.advance(200);
    expect(client.status.state).toBe('live');
    await environment.advance(1_000);
    game.stop();
    await environment.advance(100);
    expect(seen).toBe(game.tick());
    expect(server.upgradeCount).toBe(1);
  });
});
