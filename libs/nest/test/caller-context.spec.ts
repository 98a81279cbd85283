import { AsyncLocalStorage } from 'node:async_hooks';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { UseGuards } from '@nestjs/common';
import { action, eventTopic, presenceTopic, stateTopic } from '@statewire/protocol';
import { Observable } from 'rxjs';

import { OnAction, OnPresence, OnTopic, RealtimeExecutionContext, RealtimeHandlers } from '../src/index.js';
import { TestApplication } from './support/test-application.js';
import { TRANSPORTS } from './support/transports.js';

/** The context of a caller, as libraries for tenants and for logs keep it. */
const tenants = new AsyncLocalStorage<string>();

/** Enters the context of the caller. It ends only with the asynchronous work that the guard is part of. */
const enterTenant: CanActivate = {
  canActivate(context: ExecutionContext): boolean {
    tenants.enterWith(
      (RealtimeExecutionContext.create(context).getRequest().user as string | undefined) ?? 'anonymous',
    );
    return true;
  },
};

const value = stateTopic<number>()('value');
const entered = stateTopic<number>()('entered');
const live = stateTopic<number>()('live');
const entries = eventTopic<number>()('entries');
const whoami = action<void, string | undefined>('whoami');

/** The contexts in which the handlers ran, by the name of the code. */
let seen: Record<string, (string | undefined)[]>;

function record(code: string): void {
  (seen[code] ??= []).push(tenants.getStore());
}

function ticks(name: string): Observable<number> {
  return new Observable((subscriber) => {
    record(`${name}: subscribe`);
    const timer = setTimeout(() => {
      record(`${name}: timer`);
      subscriber.next(1);
    });
    return () => {
      record(`${name}: teardown`);
      clearTimeout(timer);
    };
  });
}

@UseGuards(enterTenant)
@RealtimeHandlers()
class Handlers {
  @OnTopic(value)
  async load(): Promise<number> {
    record('load');
    await Promise.resolve();
    record('load, later');
    return 1;
  }

  @OnTopic(entered)
  enter(): number {
    tenants.enterWith('loader');
    record('load, entered');
    return 1;
  }

  @OnTopic(live)
  live(): Observable<number> {
    record('live: load');
    return ticks('live');
  }

  @OnTopic(entries)
  entries(): Observable<number> {
    record('entries: load');
    return ticks('entries');
  }

  @OnPresence(presenceTopic()(value))
  describe(): undefined {
    record('presence');
  }

  @OnAction(whoami)
  async whoami(): Promise<string | undefined> {
    await Promise.resolve();
    return tenants.getStore();
  }
}

describe.each(TRANSPORTS)('code that serves all callers over $name', ({ open }) => {
  let arena: TestApplication;

  beforeEach(async () => {
    seen = {};
    arena = await TestApplication.start({
      providers: [Handlers],
      realtime: {
        authenticate: (_, token) => ({ id: token, user: token }),
        connectionGuards: [enterTenant],
        // Longer than the timer of `ticks`, so that the observable emits before a poll releases it.
        limits: { timeouts: { lingerMs: 20 } },
      },
    });
  });

  afterEach(() => arena.close());

  test('A25: a loader and its observable run in the context of no caller', async () => {
    const ann = await open(arena, 'ann');
    for (const topic of ['value', 'live', 'entries']) {
      expect(await ann.read(topic)).toMatchObject({ type: 'subscribed' });
    }
    while (seen['entries: timer'] === undefined) await new Promise((resolve) => setTimeout(resolve));
    await arena.close();
    const { presence, ...shared } = seen;
    expect(Object.keys(shared).sort()).toEqual(
      [
        ...[
          'entries: load',
          'entries: subscribe',
          'entries: teardown',
          'entries: timer',
          'live: load',
          'live: subscribe',
        ],
        ...['live: teardown', 'live: timer', 'load', 'load, later'],
      ].sort(),
    );
    expect(
      Object.values(shared)
        .flat()
        .filter((tenant) => tenant !== undefined),
    ).toEqual([]);
    // The description of a member belongs to its caller.
    expect(presence).toEqual(['ann']);
  });

  test('A25: an action runs in the context of its caller', async () => {
    const callers = await Promise.all(['ann', 'bob', 'cat'].map((token) => open(arena, token, token.padEnd(24, '-'))));
    const answers = await Promise.all(callers.map((caller) => caller.act({ id: '1', name: 'whoami' })));
    expect(answers.map((answer) => (answer.type === 'ack' ? answer.data : answer))).toEqual(['ann', 'bob', 'cat']);
  });

  test('A25: a loader that enters a context leaves it to no other loader', async () => {
    const ann = await open(arena, 'ann');
    await ann.read('entered');
    await ann.read('live');
    expect([seen['load, entered'], seen['live: load']]).toEqual([['loader'], [undefined]]);
  });
});
