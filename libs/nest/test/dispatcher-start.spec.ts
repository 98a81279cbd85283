import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Inject, Injectable, Scope, UseGuards, type CanActivate, type Type } from '@nestjs/common';
import { APP_GUARD, ExternalContextCreator, REQUEST } from '@nestjs/core';
import { action, eventTopic, presenceTopic, stateTopic } from '@statewire/protocol';
import { IsInt } from 'class-validator';

import {
  ActionData,
  Caller,
  OnAction,
  OnPresence,
  OnTopic,
  RealtimeHandlers,
  type RealtimeModuleOptions,
} from '../src/index.js';
import { TestApplication } from './support/test-application.js';

const lobby = stateTopic<number>()('lobby');
const battle = stateTopic<number>()('battles/:battleId');
const arenaTopic = eventTopic<number>()('battles/:arenaId');
const go = action<number, void>('go');

@RealtimeHandlers()
class Lobby {
  @OnTopic(lobby)
  load(): number {
    return 1;
  }

  @OnAction(go)
  go(): void {}
}

@RealtimeHandlers()
class SecondLobby {
  @OnTopic(lobby)
  loadAgain(): number {
    return 2;
  }
}

@RealtimeHandlers()
class Rival {
  @OnAction(go)
  goAgain(): void {}
}

@RealtimeHandlers()
class Battles {
  @OnTopic(battle)
  battle(): number {
    return 1;
  }

  @OnTopic(arenaTopic)
  arena(): void {}
}

@RealtimeHandlers()
class Spectators {
  @OnPresence(presenceTopic()(lobby))
  one(): void {}

  @OnPresence(presenceTopic()(lobby))
  another(): void {}

  @OnPresence(presenceTopic()(battle))
  ofNothing(): void {}
}

@Injectable()
class Undecorated {
  @OnTopic(lobby)
  load(): number {
    return 1;
  }
}

@RealtimeHandlers()
class Curious {
  @OnTopic(lobby)
  load(@Caller() caller: unknown): number {
    return caller === undefined ? 0 : 1;
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest implements CanActivate {
  constructor(@Inject(REQUEST) readonly request: unknown) {}

  canActivate(): boolean {
    return true;
  }
}

@RealtimeHandlers()
class Scoped {
  constructor(readonly perRequest: PerRequest) {}

  @OnTopic(lobby)
  load(): number {
    return 1;
  }
}

@RealtimeHandlers()
@UseGuards(PerRequest)
class ScopedGuard {
  @OnTopic(lobby)
  load(): number {
    return 1;
  }
}

class Ruleless {
  count!: number;
}

class Ruled {
  @IsInt()
  count!: number;
}

@RealtimeHandlers()
class Careless {
  @OnAction(action<number, void>('careless/number'))
  number(@ActionData() data: number): void {
    void data;
  }

  @OnAction(action<Ruleless, void>('careless/ruleless'))
  ruleless(@ActionData() data: Ruleless): void {
    void data;
  }

  @OnAction(action<Ruled, void>('careless/ruled'))
  ruled(@ActionData() data: Ruled): void {
    void data;
  }

  @OnAction(action<number, void>('careless/piped'))
  piped(@ActionData({ transform: Number }) data: number): void {
    void data;
  }
}

async function failure(
  providers: Type[],
  more: readonly object[] = [],
  realtime: RealtimeModuleOptions = {},
): Promise<Error> {
  try {
    const started = await TestApplication.start({ providers: [...providers, ...(more as Type[])], realtime });
    await started.close();
  } catch (error) {
    return error as Error;
  }
  throw new Error('It started.');
}

describe('the start stops', () => {
  test('if two handlers have the same action, with its name', async () => {
    const { message } = await failure([Lobby, Rival]);
    expect(message).toContain('The action "go" has two handlers, Lobby.go and Rival.goAgain');
  });

  test('if two handlers have the same topic, with both', async () => {
    const { message } = await failure([Lobby, SecondLobby]);
    expect(message).toContain('The topic "lobby" has two handlers, Lobby.load and SecondLobby.loadAgain: remove one.');
    expect(message).not.toContain('ambiguous');
  });

  test('if two patterns are ambiguous, with both and the advice to remove one', async () => {
    const { message } = await failure([Battles]);
    expect(message).toContain('Battles.arena');
    expect(message).toContain('"battles/:battleId" and "battles/:arenaId" are ambiguous');
    expect(message).toContain('Remove one of them, or give both a literal at the same place, and different ones.');
  });

  test('if a presence handler names an unknown topic, or two name the same', async () => {
    const { message } = await failure([Lobby, Spectators]);
    expect(message).toContain(
      'Spectators.ofNothing lists the followers of "battles/:battleId", but no @OnTopic answers',
    );
    expect(message).toContain('"presence/lobby" has two handlers, Spectators.one and Spectators.another');
  });

  test('if a class has handlers but no @RealtimeHandlers()', async () => {
    const { message } = await failure([Undecorated]);
    expect(message).toContain(
      'Undecorated.load has @OnTopic, @OnPresence or @OnAction, but its class lacks @RealtimeHandlers()',
    );
  });

  test('if the handler of a topic has a @Caller() parameter', async () => {
    const { message } = await failure([Curious]);
    expect(message).toContain('Curious.load asks for @Caller()');
  });

  test.each([
    ['a dependency', Scoped],
    ['a guard', ScopedGuard],
  ])('if %s of a handler is request-scoped', async (_, handlers) => {
    const { message } = await failure([handlers, PerRequest]);
    expect(message).toContain(`${handlers.name} depends on something request-scoped`);
  });

  test('if an enabled global guard is request-scoped', async () => {
    const { message } = await failure([Lobby], [{ provide: APP_GUARD, useClass: PerRequest }]);
    expect(message).toContain('request-scoped global guards');
  });

  test('and reports all problems at once', async () => {
    const { message, name } = await failure([Lobby, Rival, Battles, Curious]);
    expect(name).toBe('RealtimeHandlersError');
    expect(message.split('\n')).toHaveLength(5);
  });
});

describe('a handler without enhancers', () => {
  test("runs without Nest's pipeline", async () => {
    const create = jest.spyOn(ExternalContextCreator.prototype, 'create');
    try {
      const plain = await TestApplication.start({ providers: [Lobby] });
      await plain.close();
      expect(create).not.toHaveBeenCalled();
      const guarded = await TestApplication.start({
        providers: [Lobby, { provide: APP_GUARD, useValue: { canActivate: () => true } }],
      });
      await guarded.close();
      expect(create).toHaveBeenCalled();
    } finally {
      create.mockRestore();
    }
  });
});

describe('the start', () => {
  let arena: TestApplication;

  afterEach(() => arena.close());

  test('warns about action data without validation, and about no other data', async () => {
    const warnings: string[] = [];
    arena = await TestApplication.start({
      providers: [Careless],
      logger: { log() {}, debug() {}, verbose() {}, error() {}, warn: (text?: unknown) => warnings.push(String(text)) },
    });
    const unchecked = warnings.filter((warning) => warning.includes('@ActionData()'));
    expect(unchecked).toHaveLength(2);
    expect(unchecked[0]).toMatch(
      /^action-data-unchecked reason=Careless\.number advice="Nothing checks @ActionData\(\)/,
    );
    expect(unchecked[1]).toContain('reason=Careless.ruleless');
  });
});
