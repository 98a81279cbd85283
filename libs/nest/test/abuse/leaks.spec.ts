import { afterEach, describe, expect, test } from '@jest/globals';
import { Injectable, NotFoundException, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { VirtualEnvironment } from '@statewire/testing';
import { action, eventTopic, stateTopic, type ServerFrame } from '@statewire/protocol';

import {
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeHandlers,
  TopicParams,
  type RealtimeModuleOptions,
  type RealtimeRequest,
} from '../../src/index.js';
import { TestApplication, type Platform } from '../support/test-application.js';
import { RecordedLog } from '../support/recorded-log.js';
import { CLIENT_ID, post, send, type TestAnswer } from '../support/transports.js';

const inbox = eventTopic<string>()('players/:playerId/inbox');
const purse = stateTopic<string>()('players/:playerId/purse');
const MARK = 'MARK-OF-A-PRIVATE-VALUE';
/** The number of requests on each platform. */
const REQUESTS = process.env.STATEWIRE_TEST_TIER === 'full' ? 1_000 : 250;

/** The existing players. Guards reject the topics of all other players, existing or not. */
const PLAYERS = ['ann', 'bob'];

@Injectable()
class OwnerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, params } = context.switchToHttp().getRequest<RealtimeRequest>();
    return user === params['playerId'];
  }
}

@RealtimeHandlers()
class Players {
  constructor(private readonly bus: RealtimeBus) {}

  @OnTopic(inbox)
  @UseGuards(OwnerGuard)
  inbox(): void {}

  @OnTopic(purse)
  @UseGuards(OwnerGuard)
  purse(@TopicParams() { playerId }: { playerId: string }): string {
    if (!PLAYERS.includes(playerId)) throw new NotFoundException(`${MARK}: there is no ${playerId}`);
    return `${MARK} of ${playerId}`;
  }

  /** Publishes to topics of another user. Only their readers may learn this. */
  @OnAction(action<void, string>('greet'))
  async greet(): Promise<string> {
    await this.bus.publish(inbox.with({ playerId: 'bob' }), `${MARK}: greetings`);
    return 'done';
  }

  @OnAction(action<void, string>('break'))
  break(): string {
    throw new Error(`${MARK}: table players does not exist`);
  }
}

let arena: TestApplication;

afterEach(() => arena.close());

async function start(platform: Platform, logger?: RecordedLog['logger']): Promise<void> {
  const realtime: RealtimeModuleOptions = {
    authenticate: (_, token) => ({ id: token, user: token }),
    limits: { frames: { perSecond: 0, perSecondPerUser: 0, perSecondPerAddress: 0, malformed: 0 } },
  };
  arena = await TestApplication.start({ platform, realtime, providers: [Players], ...(logger ? { logger } : {}) });
  for (const playerId of PLAYERS) await arena.bus.publish(inbox.with({ playerId }), `${MARK} for ${playerId}`);
  // Bob follows his topics, so they are live.
  const bob = await arena.welcome('bob');
  bob.send({ type: 'subscribe', topics: [{ topic: 'players/bob/purse' }, { topic: 'players/bob/inbox' }] });
  await bob.next('snapshot');
}

/** The answers for an existing and a missing topic, without the topic name. */
function withoutName(answer: object, name: string): string {
  return JSON.stringify(answer).replaceAll(name, '…');
}

const authorization = { authorization: 'Bearer ann' };

function publicPart({ status, headers, text }: TestAnswer): object {
  const { date: _, ...others } = headers;
  return { status, others, text: text.replace(/"serverTime":\d+/, '') };
}

describe.each<Platform>(['express', 'fastify'])('A17: on %s', (platform) => {
  test('no answer reveals the existence of a private topic', async () => {
    await start(platform);
    const ann = await arena.welcome('ann');
    const names = ['bob/purse', 'eve/purse', 'bob/inbox', 'eve/inbox'].map((name) => `players/${name}`);
    const answers: Record<string, string[]> = { subscribe: [], resume: [], leave: [], poll: [], snapshot: [] };
    for (const topic of names) {
      const since = { epoch: 'guessed', offset: 1 };
      ann.send({ type: 'subscribe', topics: [{ topic }] });
      answers['subscribe']!.push(withoutName(await ann.next('error'), topic));
      ann.send({ type: 'subscribe', topics: [{ topic, since }] });
      answers['resume']!.push(withoutName(await ann.next('error'), topic));
      ann.send({ type: 'unsubscribe', topics: [topic] });
      answers['leave']!.push(withoutName(await ann.next('error'), topic));
      const poll = await post(
        arena,
        '/realtime/poll',
        { clientId: CLIENT_ID, topics: [{ topic, since }], wait: 1 },
        authorization,
      );
      answers['poll']!.push(withoutName(publicPart(poll), topic));
      const headers = { ...authorization, 'if-none-match': '*' };
      const snapshot = await send(arena, { path: `/realtime/snapshot?topic=${topic}`, headers });
      answers['snapshot']!.push(withoutName(publicPart(snapshot), topic));
    }
    for (const [way, texts] of Object.entries(answers))
      expect({ way, different: new Set(texts).size }).toEqual({ way, different: 1 });
    expect(answers['subscribe']![0]).toContain('"forbidden"');
  });

  test(`${REQUESTS} random requests against another user’s topics receive 0 bytes of them`, async () => {
    const log = new RecordedLog();
    await start(platform, log.logger);
    const seed = Number(process.env.STATEWIRE_SEED);
    const random = new VirtualEnvironment({ seed });
    const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random.random() * choices.length)]!;
    const socket = await arena.welcome('ann');
    const heard: string[] = [];

    const ways: readonly ((turn: number) => Promise<void> | void)[] = [
      (turn) => socket.send({ type: 'subscribe', topics: [{ topic: topic(), since: since() }], ref: `${turn}` }),
      (turn) => socket.send({ type: 'action', id: `${turn}`, name: name() }),
      () => socket.send({ type: 'unsubscribe', topics: [topic()] }),
      () => socket.send({ type: 'authenticate', token: pick(['bob', 'eve']) }),
      async () =>
        keep(
          await post(
            arena,
            '/realtime/poll',
            { clientId: CLIENT_ID, topics: [{ topic: topic(), since: since() }] },
            authorization,
          ),
        ),
      async (turn) =>
        keep(
          await post(arena, '/realtime/actions', { clientId: CLIENT_ID, id: `h${turn}`, name: name() }, authorization),
        ),
      async () => keep(await send(arena, { path: `/realtime/snapshot?topic=${topic()}`, headers: authorization })),
    ];
    const topic = (): string =>
      `players/${pick(['bob', 'eve', 'bob.', 'BOB', 'bob~'])}/${pick(['inbox', 'purse', 'inbox/', '..'])}`;
    const name = (): string => pick(['greet', 'break', 'players/bob/purse', 'toString', '__proto__']);
    const since = () =>
      pick([undefined, 'oldest', { epoch: 'guessed', offset: 0 }, { epoch: '0', offset: 2 ** 53 - 1 }]);
    const keep = ({ headers, text }: TestAnswer): void => void heard.push(JSON.stringify(headers), text);

    const limit = 5;
    for (let turn = 0; turn < REQUESTS; turn += limit) {
      await Promise.all(Array.from({ length: limit }, async (_, index) => pick(ways)(turn + index)));
      if (turn % 50 === 0) await socket.roundTrip();
    }
    await socket.roundTrip();
    heard.push(...socket.unread.map((frame: ServerFrame) => JSON.stringify(frame)));

    const leaked = heard.filter((text) => text.includes(MARK) || /"(subscribed|snapshot|patch|event)"/.test(text));
    expect({ seed, leaked }).toEqual({ seed, leaked: [] });
    // Only readers of Bob's inbox learn that it changed.
    expect(heard.join('')).not.toContain('"positions"');
    expect(heard.length).toBeGreaterThan(REQUESTS / 2);
    expect(arena.connections.list().map(({ user }) => user)).toEqual(['bob', 'ann']);
  });
});
