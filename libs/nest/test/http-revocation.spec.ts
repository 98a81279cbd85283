import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UseGuards, type CanActivate } from '@nestjs/common';
import { action, stateTopic, type SubscribedFrame } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { OnAction, OnTopic, RealtimeHandlers } from '../src/index.js';
import { Gate } from './support/connection-rig.js';
import { TestApplication } from './support/test-application.js';
import { CLIENT_ID, poll, post, send, type TestAnswer } from './support/transports.js';

const room = stateTopic<string>()('room');
const SECRET = 'what was published after the revocation';
const headers = { authorization: 'Bearer ann' };

/** Application code that a test can suspend. */
class Thought implements CanActivate {
  private going = { begun: new Gate(), over: new Gate() };
  private isAsked = false;

  /** Resolves when a call waits. */
  begin(): Promise<void> {
    this.going = { begun: new Gate(), over: new Gate() };
    this.isAsked = true;
    return this.going.begun.opened;
  }

  end(): void {
    this.isAsked = false;
    this.going.over.open();
  }

  async canActivate(): Promise<boolean> {
    if (!this.isAsked) return true;
    this.going.begun.open();
    await this.going.over.opened;
    return true;
  }
}

const verification = new Thought();
const guard = new Thought();

@RealtimeHandlers()
class Rooms {
  knocks = 0;

  @OnTopic(room)
  @UseGuards(guard)
  room(): string {
    return 'nothing';
  }

  @OnAction(action('knock'))
  knock(): void {
    this.knocks += 1;
  }
}

describe('A2: a revoked user', () => {
  let arena: TestApplication;
  let clock: VirtualEnvironment;

  beforeEach(async () => {
    clock = new VirtualEnvironment();
    arena = await TestApplication.start({
      clock,
      providers: [Rooms],
      realtime: {
        authenticate: async (_, token) => {
          await verification.canActivate();
          return { id: token, user: token };
        },
      },
    });
  });

  afterEach(() => arena.close());

  const askedFor = (more: object): Promise<TestAnswer> =>
    post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [{ topic: room.with().name }], ...more }, headers);
  const requests = {
    'a poll': () => askedFor({}),
    'a poll that may wait': () => askedFor({ wait: 25 }),
    'a snapshot': () => send(arena, { path: '/realtime/snapshot?topic=room', headers }),
    'an action': () => post(arena, '/realtime/actions', { clientId: CLIENT_ID, id: '1', name: 'knock' }, headers),
  };

  /** Revokes the user and publishes a value that it must not receive. */
  async function revoke(): Promise<void> {
    await arena.connections.revoke({ user: 'ann' });
    await arena.bus.publish(room.with(), SECRET);
  }

  function expectRejected({ status, text }: TestAnswer): void {
    expect({ status, text }).toMatchObject({ status: 401, text: expect.stringContaining('was revoked') as unknown });
    expect(text).not.toContain(SECRET);
    expect(arena.get(Rooms).knocks).toBe(0);
  }

  test.each([
    ...Object.entries(requests).map(
      ([what, ask]) => [`the credentials of ${what} are verified`, verification, ask] as const,
    ),
    ...['a poll', 'a poll that may wait', 'a snapshot'].map(
      (what) => [`the guards of ${what} run`, guard, requests[what as keyof typeof requests]] as const,
    ),
  ])('is rejected while %s', async (_, thought, ask) => {
    const begun = thought.begin();
    const answer = ask();
    await begun;
    await revoke();
    thought.end();
    expectRejected(await answer);
  });

  /** A poll from the position of the newest value. */
  async function wait(): Promise<{ readonly answer: Promise<TestAnswer> }> {
    const { frames } = await poll(arena, [{ topic: room.with().name }]);
    const { epoch, offset } = frames.find((frame): frame is SubscribedFrame => frame.type === 'subscribed')!;
    return { answer: askedFor({ wait: 25, topics: [{ topic: room.with().name, since: { epoch, offset } }] }) };
  }

  test.each([
    ['the server verifies its credentials', verification],
    ['its guards run', guard],
  ])('is rejected when it has news while %s again', async (_, thought) => {
    const { answer } = await wait();
    // The checks run one after another.
    for (let turn = 0; turn < 5; turn++) await poll(arena, []);
    const begun = thought.begin();
    await arena.bus.publish(room.with(), 'news');
    await begun;
    await revoke();
    thought.end();
    expectRejected(await answer);
  });

  test('is rejected at the end of its grace period during a verification', async () => {
    const begun = verification.begin();
    const { answer } = await wait();
    await begun;
    let isAnswered = false;
    void answer.finally(() => (isAnswered = true));
    await arena.connections.revoke({ user: 'ann' }, { graceMs: 300 });
    verification.end();
    await clock.advance(299);
    for (let turn = 0; turn < 5; turn++) await poll(arena, []);
    expect(isAnswered).toBe(false);
    await clock.advance(1);
    expectRejected(await answer);
  });
});
