import { afterEach, describe, expect, test } from '@jest/globals';
import { Injectable, UnauthorizedException, UseGuards, type CanActivate } from '@nestjs/common';
import { action, stateTopic } from '@statewire/protocol';
import { of, throwError, type Observable } from 'rxjs';

import { OnAction, OnTopic, RealtimeHandlers, RealtimeModule } from '../src/index.js';
import { RecordedLog } from './support/recorded-log.js';
import { TestApplication } from './support/test-application.js';
import { CLIENT_ID, TRANSPORTS } from './support/transports.js';

type Verdict = ReturnType<CanActivate['canActivate']>;

/** An object with a method `then`, as query builders return. */
const thenable = (settle: (resolve: (is: boolean) => void, reject: (error: unknown) => void) => void): Verdict =>
  ({ then: settle }) as unknown as Verdict;

const missing = (): Error => new Error('The table of the guard is missing.');

let verdict: () => Verdict;

@Injectable()
class TableGuard implements CanActivate {
  canActivate(): Verdict {
    return verdict();
  }
}

@RealtimeHandlers()
@UseGuards(TableGuard)
class Rooms {
  @OnTopic(stateTopic<string>()('room'))
  room(): string {
    return 'open';
  }

  @OnAction(action<void, string>('enter'))
  enter(): string {
    return 'entered';
  }
}

const failures: [string, () => Verdict][] = [
  [
    'throws',
    () => {
      throw missing();
    },
  ],
  [
    'throws a text',
    () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- guards may do so
      throw 'missing';
    },
  ],
  ['returns a promise that rejects', () => Promise.reject(missing())],
  ['returns an observable that fails', () => throwError(missing)],
  ['returns a promise of an observable that fails', () => Promise.resolve(throwError(missing)) as unknown as Verdict],
  ['returns a thenable that rejects', () => thenable((_, reject) => reject(missing()))],
];

const denials: [string, () => Verdict, string][] = [
  ['returns false', () => false, 'forbidden'],
  ['returns a promise of false', () => Promise.resolve(false), 'forbidden'],
  ['returns an observable of false', (): Observable<boolean> => of(false), 'forbidden'],
  ['returns a thenable of false', () => thenable((resolve) => resolve(false)), 'forbidden'],
  [
    'throws an exception for the caller',
    () => {
      throw new UnauthorizedException();
    },
    'unauthorized',
  ],
];

let arena: TestApplication;
let log: RecordedLog;

async function start(
  providers: readonly (typeof Rooms)[],
  connectionGuards: (typeof TableGuard)[] = [],
): Promise<void> {
  log = new RecordedLog();
  const module = RealtimeModule.forRoot({ connectionGuards });
  arena = await TestApplication.start({ module, providers: [TableGuard, ...providers], logger: log.logger });
}

afterEach(() => arena.close());

describe.each(TRANSPORTS)('a guard of a handler, over $name', ({ open }) => {
  test.each(failures)('that %s is named in the log', async (_, fails) => {
    verdict = fails;
    await start([Rooms]);
    const caller = await open(arena);
    expect(await caller.read('room')).toMatchObject({ type: 'error', code: 'internal', topic: 'room' });
    expect(await caller.act({ id: '1', name: 'enter' })).toMatchObject({ type: 'error', code: 'internal', id: '1' });
    expect(log.errors).toEqual([
      expect.stringContaining('handler-failed reason=Rooms.room guard=TableGuard topic=room'),
      expect.stringContaining('handler-failed reason=Rooms.enter guard=TableGuard action=enter'),
    ]);
  });

  test.each(denials)('that %s is named in the log', async (_, denies, code) => {
    verdict = denies;
    await start([Rooms]);
    const caller = await open(arena);
    expect(await caller.read('room')).toMatchObject({ type: 'error', code });
    expect(await caller.act({ id: '1', name: 'enter' })).toMatchObject({ type: 'error', code });
    expect(log.errors).toEqual([]);
    expect(log.text).toContain(`guard-denied reason=Rooms.room guard=TableGuard code=${code} topic=room`);
    expect(log.text).toContain(`guard-denied reason=Rooms.enter guard=TableGuard code=${code} action=enter`);
  });

  test('that allows access is not named', async () => {
    verdict = () => of(true);
    await start([Rooms]);
    const caller = await open(arena);
    expect(await caller.read('room')).toMatchObject({ type: 'subscribed' });
    expect(await caller.act({ id: '1', name: 'enter' })).toMatchObject({ type: 'ack' });
    expect(log.text).not.toContain('TableGuard');
  });
});

describe('a guard of connections', () => {
  const connect = async (): Promise<void> => {
    const socket = await arena.connect();
    socket.send({ type: 'hello', clientId: CLIENT_ID });
    expect(await socket.any()).toMatchObject({ type: 'error' });
  };

  test.each(failures)('that %s is named in the log', async (_, fails) => {
    verdict = fails;
    await start([], [TableGuard]);
    await connect();
    expect(log.errors).toEqual([expect.stringContaining('handler-failed reason=connectionGuards guard=TableGuard')]);
  });

  test.each(denials)('that %s is named in the log', async (_, denies, code) => {
    verdict = denies;
    await start([], [TableGuard]);
    await connect();
    expect(log.text).toContain(`guard-denied reason=connectionGuards guard=TableGuard code=${code}`);
  });
});
