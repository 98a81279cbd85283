import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RawSocket } from '@statewire/verification/faults';

import { Arena } from './support/arena.js';

const CLIENT_ID = 'a-client-id-of-this-test-0123';

describe('The handshake', () => {
  let arena: Arena;

  beforeAll(async () => {
    arena = await Arena.start();
  });

  afterAll(() => arena.stop());

  const hello = async (token?: string) => {
    const socket = new RawSocket(arena.origin);
    await socket.open();
    socket.send({ type: 'hello', clientId: CLIENT_ID, ...(token === undefined ? {} : { token }) });
    return socket;
  };

  it('welcomes guests, and reports the end of the session to a player', async () => {
    const session = await arena.session();
    const [anonymous, player] = [await hello(), await hello(session.token)];
    const welcomes = [await anonymous.frame('welcome'), await player.frame('welcome')];
    anonymous.close();
    player.close();

    expect(welcomes.map(({ expiresAt }) => expiresAt)).toEqual([undefined, session.expiresAt]);
  });

  it('A1: rejects pages of other origins before the upgrade', async () => {
    expect(await new RawSocket(arena.origin, { origin: 'https://evil.example' }).rejected()).toBe(403);
  });

  it('accepts the origin of its own page', async () => {
    const socket = new RawSocket(arena.origin, { origin: arena.origin });
    await socket.open();
    socket.send({ type: 'hello', clientId: CLIENT_ID });
    const welcome = await socket.frame('welcome');
    socket.close();

    expect(welcome.connectionId).not.toBe('');
  });

  it('rejects upgrades with 503 while WebSocket is switched off, and reports that in the config', async () => {
    const polling = await Arena.start({ env: { AF_WEBSOCKET_ENABLED: 'false' } });
    const status = await new RawSocket(polling.origin).rejected();
    const config = (await (await polling.get('/realtime/config')).json()) as unknown;
    await polling.stop();

    expect(status).toBe(503);
    expect(config).toMatchObject({ websocket: false });
  });
});
