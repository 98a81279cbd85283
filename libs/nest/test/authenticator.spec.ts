import { afterEach, describe, expect, test } from '@jest/globals';
import { Inject, Injectable, Module, Scope, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { stateTopic } from '@statewire/protocol';

import {
  OnTopic,
  RealtimeExecutionContext,
  RealtimeHandlers,
  RealtimeOptionsError,
  type RealtimeAuthenticator,
  type RealtimeModuleOptions,
  type RealtimeRequest,
} from '../src/index.js';
import { TestApplication } from './support/test-application.js';
import { TRANSPORTS } from './support/transports.js';

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

describe('a class that is not a singleton stops the start with the names of option and class:', () => {
  class Pass implements RealtimeAuthenticator, CanActivate {
    authenticate(): undefined {}

    canActivate(): boolean {
      return true;
    }
  }

  @Injectable({ scope: Scope.REQUEST })
  class PerRequest extends Pass {}

  @Injectable({ scope: Scope.TRANSIENT })
  class Transient extends Pass {}

  @Injectable()
  class DependsOnRequest extends Pass {
    constructor(@Inject(REQUEST) readonly request: unknown) {
      super();
    }
  }

  const classes = [
    ['request-scoped', PerRequest],
    ['transient', Transient],
    ['request-scoped', DependsOnRequest],
  ] as const;
  const options = [
    ['authenticator', (type: typeof PerRequest | typeof DependsOnRequest) => ({ authenticator: type })],
    ['connectionGuards[0]', (type: typeof PerRequest | typeof DependsOnRequest) => ({ connectionGuards: [type] })],
  ] as const;
  const cases = options.flatMap(([option, given]) =>
    classes.map(([scope, type]) => [option, scope, type.name, type, given(type)] as const),
  );

  test.each(cases)('%s, %s %s', async (option, scope, name, type, realtime) => {
    const starting = TestApplication.start({ realtime, providers: [type] });
    await expect(starting).rejects.toThrow(RealtimeOptionsError);
    await expect(starting).rejects.toThrow(
      `option "${option}" must be a class with the default scope and without request-scoped dependencies ` +
        `(this one is ${scope}), got ${name}`,
    );
  });

  test('unless only a dependency is transient', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Clock {}

    @Injectable()
    class DependsOnTransient extends Pass {
      constructor(@Inject(Clock) readonly clock: Clock) {
        super();
      }
    }

    const arena = await TestApplication.start({
      realtime: { authenticator: DependsOnTransient },
      providers: [DependsOnTransient, Clock],
    });
    await arena.close();
  });

  test('even if no module provides it', async () => {
    await expect(TestApplication.start({ realtime: { authenticator: PerRequest } })).rejects.toThrow(
      '(this one is request-scoped), got PerRequest',
    );
  });
});
