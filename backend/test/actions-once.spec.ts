import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Session } from '@statewire/arena';
import type { ActionRequest } from '@statewire/protocol';
import { RawSocket } from '@statewire/verification/faults';

import { Arena } from './support/arena.js';

const CLIENT_ID = 'a-client-id-of-this-test-0123';

describe('A repeated action', () => {
  let arena: Arena;
  let ann: Session;
  const start: ActionRequest = { clientId: CLIENT_ID, id: '1', name: 'runs/start', data: {} };

  beforeAll(async () => {
    arena = await Arena.start();
  });

  beforeEach(async () => {
    ann = await arena.session();
  });

  afterAll(() => arena.stop());

  const runsOfAnn = async () => {
    const { notifications } = await arena.state(ann);
    return notifications.filter(({ kind }) => kind === 'run-started').length;
  };

  it('runs once over HTTP with one answer, even while the first is running', async () => {
    const answers = await Promise.all([arena.act(ann, start), arena.act(ann, start), arena.act(ann, start)]);

    expect(answers[0]).toMatchObject({ status: 200, body: { type: 'ack', id: '1', data: { phase: 'choosing' } } });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(await runsOfAnn()).toBe(1);
  });

  it('runs once when the socket sends it first and HTTP second', async () => {
    const socket = new RawSocket(arena.origin);
    await socket.open();
    const { clientId, ...frame } = start;
    socket.send(
      { type: 'hello', clientId, token: ann.token },
      { type: 'action', ...frame },
      { type: 'action', ...frame },
    );
    const ack = await socket.frame('ack');
    const again = await arena.act(ann, start);
    socket.close();

    expect(again.body).toMatchObject({ type: 'ack', data: ack.data });
    expect(await runsOfAnn()).toBe(1);
  });

  it('is a conflict for other data under the same id', async () => {
    await arena.act(ann, start);
    const other = await arena.act(ann, { ...start, name: 'notifications/dismiss', data: { notificationId: 'n' } });

    expect(other).toMatchObject({ status: 409, body: { type: 'error', code: 'conflict' } });
  });

  it('is another action for another player', async () => {
    const bob = await arena.session('Bob');
    const [first, second] = [await arena.act(ann, start), await arena.act(bob, start)];

    expect(second.status).toBe(200);
    expect(second.body).not.toEqual(first.body);
  });
});
