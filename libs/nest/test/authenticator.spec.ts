import { afterEach, describe, expect, test } from '@jest/globals';
import { Injectable, Module, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { stateTopic } from '@statewire/protocol';

import {
  OnTopic,
  RealtimeExecutionContext,
  RealtimeHandlers,
  type RealtimeAuthenticator,
  type RealtimeModuleOptions,
  type RealtimeRequest,
} from '../src/index.js';
import { TestApplication } from './support/test-application.js';
import { TRANSPORTS } from './transports.js';

@Injectable()
class Players {
  verify(token: string): { id: string; user: string } | undefined {
    return token === 'bad' ? undefined : { id: token, user: `player ${token}` };
  }
}

@Injectable()
class PlayerAuthenticator implements RealtimeAuthenticator {
  readonly tokens: string[] = [];

  constructor(private readonly players: Players) {}

  async authenticate(request: RealtimeRequest, token: string) {
    this.tokens.push(`${request.admission} ${token}`);
    return this.players.verify(token);
  }
}

class ConstantAuthenticator implements RealtimeAuthenticator {
  authenticate(): { id: string; user: string } {
    return { id: 'constant', user: 'constant' };
  }
}

@Module({ providers: [Players, PlayerAuthenticator] })
class PlayersModule {}

const seen: unknown[] = [];
const guard: CanActivate = {
  canActivate(context: ExecutionContext): boolean {
    seen.push(RealtimeExecutionContext.create(context).getRequest().user);
    return true;
  },
};

@RealtimeHandlers()
class Lobby {
  @OnTopic(stateTopic<number>()('lobby'))
  load(): number {
    return 1;
  }
}

describe.each(TRANSPORTS)('the option authenticator over $name', ({ name, open }) => {
  let arena: TestApplication;

  async function start(realtime: RealtimeModuleOptions): Promise<void> {
    seen.length = 0;
    arena = await TestApplication.start({
      providers: [Lobby],
      imports: [PlayersModule],
      realtime: { ...realtime, connectionGuards: [guard] },
    });
  }

  afterEach(() => arena.close());

  test('takes a class and uses the instance of the module that provides it', async () => {
    await start({ authenticator: PlayerAuthenticator });
    const ann = await open(arena, 'ann');
    expect(await ann.read('lobby')).toMatchObject({ type: 'subscribed' });
    expect(seen).toContain('player ann');
    const expected = name === 'http' ? 'http ann' : 'hello ann';
    expect(arena.get(PlayerAuthenticator).tokens).toContain(expected);
  });

  test('creates an instance of a class that no module provides', async () => {
    await start({ authenticator: ConstantAuthenticator });
    await (await open(arena, 'ann')).read('lobby');
    expect(seen).toContain('constant');
  });

  test('takes an instance', async () => {
    await start({ authenticator: new PlayerAuthenticator(new Players()) });
    await (await open(arena, 'ann')).read('lobby');
    expect(seen).toContain('player ann');
  });
});

test('an authenticator whose dependencies are missing stops the start with the name of the class', async () => {
  await expect(TestApplication.start({ realtime: { authenticator: PlayerAuthenticator } })).rejects.toThrow(
    /PlayerAuthenticator/,
  );
});
