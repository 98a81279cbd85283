import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Catch,
  ClassSerializerInterceptor,
  Injectable,
  Scope,
  SerializeOptions,
  UseInterceptors,
  type CallHandler,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type OnModuleInit,
} from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { action, eventTopic, presenceTopic, stateTopic } from '@statewire/protocol';
import { Exclude, Expose, Transform } from 'class-transformer';
import { map, of, type Observable } from 'rxjs';

import { OnAction, OnPresence, OnTopic, RealtimeBus, RealtimeHandlers } from '../src/index.js';
import { TestApplication, type TestApplicationOptions } from './support/test-application.js';
import { poll, TRANSPORTS } from './support/transports.js';

class User {
  readonly id = 'ann';

  @Exclude()
  readonly password = 'secret';

  @Expose({ groups: ['staff'] })
  readonly salary = 5;

  /** Twice applied it would be `<<ann>>`. */
  @Transform(({ value }) => `<${String(value)}>`)
  readonly shown = 'ann';
}

const profile = stateTopic<User>()('profile');
const people = stateTopic<User[]>()('people');
const live = stateTopic<User>()('live');
const news = eventTopic<User>()('news');
const early = stateTopic<User>()('early');
const whoami = action<void, User>('whoami');

/** What a controller with the interceptor would send. */
const SHOWN = { id: 'ann', shown: '<ann>' };

class Handlers {
  load(): User {
    return new User();
  }

  loadAll(): User[] {
    return [new User()];
  }

  watch(): Observable<User> {
    return of(new User());
  }

  nothing(): undefined {}
}

function handlersWith(...decorators: ClassDecorator[]): typeof Handlers {
  class Decorated extends Handlers {}
  const on = (name: keyof Handlers, decorator: unknown): void => {
    const method = Object.getOwnPropertyDescriptor(Handlers.prototype, name)!;
    const copy = { ...method, value: (method.value as (...list: unknown[]) => unknown).bind(undefined) };
    Object.defineProperty(Decorated.prototype, `${name} ${String(count++)}`, copy);
    (decorator as MethodDecorator)(Decorated.prototype, `${name} ${String(count - 1)}`, copy);
  };
  let count = 0;
  on('load', OnTopic(profile));
  on('loadAll', OnTopic(people));
  on('watch', OnTopic(live));
  on('nothing', OnTopic(news));
  on('nothing', OnTopic(early));
  on('load', OnPresence(presenceTopic<User>()(profile)));
  on('load', OnAction(whoami));
  for (const decorator of [RealtimeHandlers(), ...decorators]) decorator(Decorated);
  return Decorated;
}

/** Publishes in the hook of Nest in which applications fill their topics. */
@Injectable()
class EarlyPublisher implements OnModuleInit {
  constructor(private readonly bus: RealtimeBus) {}

  async onModuleInit(): Promise<void> {
    await this.bus.publish(early.with(), new User());
  }
}

const serializer = (): NestInterceptor => new ClassSerializerInterceptor(new Reflector());

const WAYS: readonly (readonly [string, () => TestApplicationOptions])[] = [
  ['@UseInterceptors of the class', () => ({ providers: [handlersWith(UseInterceptors(ClassSerializerInterceptor))] })],
  [
    'APP_INTERCEPTOR',
    () => ({ providers: [handlersWith(), { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }] }),
  ],
  [
    'useGlobalInterceptors',
    () => ({ providers: [handlersWith()], configure: (app) => app.useGlobalInterceptors(serializer()) }),
  ],
  [
    'globalEnhancers with interceptors',
    () => ({
      providers: [handlersWith(), { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }],
      realtime: { globalEnhancers: ['guards', 'pipes', 'interceptors'] },
    }),
  ],
];

describe.each(WAYS)('A26: a class serializer by %s', (_, options) => {
  let arena: TestApplication;

  afterEach(() => arena.close());

  async function start(): Promise<void> {
    const { providers = [], ...others } = options();
    arena = await TestApplication.start({ ...others, providers: [...providers, EarlyPublisher] });
  }

  async function valuesOf(topic: string, since?: 'oldest'): Promise<unknown[]> {
    const { frames } = await poll(arena, [{ topic, ...(since && { since }) }]);
    return frames.flatMap((frame) => ('data' in frame ? [frame.data] : []));
  }

  test('applies to the values of loaders and observables', async () => {
    await start();
    expect(await valuesOf('profile')).toEqual([SHOWN]);
    expect(await valuesOf('people')).toEqual([[SHOWN]]);
    expect(await valuesOf('live')).toEqual([SHOWN]);
  });

  test('applies to publications, from the first one on', async () => {
    await start();
    expect(await valuesOf('early')).toEqual([SHOWN]);
    await arena.bus.publish(news.with(), new User());
    expect(await valuesOf('news', 'oldest')).toEqual([SHOWN]);
    await arena.bus.publish(profile.with(), new User());
    expect(await valuesOf('profile')).toEqual([SHOWN]);
  });

  test.each(TRANSPORTS)('applies to the answers of actions over $name', async ({ open }) => {
    await start();
    const ann = await open(arena);
    expect(await ann.act({ id: '1', name: 'whoami' })).toMatchObject({ type: 'ack', data: SHOWN });
  });

  test('applies to the description of a member', async () => {
    await start();
    const socket = await arena.welcome();
    socket.send({ type: 'subscribe', topics: [{ topic: 'profile' }, { topic: 'presence/profile' }] });
    for (;;) {
      const frame = await socket.any();
      expect(JSON.stringify(frame)).not.toContain('secret');
      if (JSON.stringify(frame).includes('<ann>') && 'topic' in frame && frame.topic === 'presence/profile') break;
    }
  });
});

describe('A26: class serializers', () => {
  let arena: TestApplication;

  afterEach(() => arena.close());

  test('apply @SerializeOptions of the class', async () => {
    const decorators = [UseInterceptors(ClassSerializerInterceptor), SerializeOptions({ groups: ['staff'] })];
    arena = await TestApplication.start({ providers: [handlersWith(...(decorators as ClassDecorator[]))] });
    const { frames } = await poll(arena, [{ topic: 'profile' }]);
    expect(frames.at(-1)).toMatchObject({ data: { ...SHOWN, salary: 5 } });
  });

  test('are unknown before the start, so that a publication of an object of a class is rejected', async () => {
    const outcomes: unknown[] = [];
    @Injectable()
    class TooEarly {
      constructor(bus: RealtimeBus) {
        void bus.publish(people.with(), [new User()]).catch((error: unknown) => outcomes.push(error));
        void bus.publish(profile.with(), { ...new User() }).then(() => outcomes.push('published'));
      }
    }
    arena = await TestApplication.start({ providers: [handlersWith(), TooEarly] });
    expect(outcomes).toEqual(
      expect.arrayContaining(['published', expect.objectContaining({ message: expect.stringContaining('"people"') })]),
    );
  });

  test('reject a publication that they cannot serialize', async () => {
    class Broken {
      @Transform(() => {
        throw new Error('no text');
      })
      readonly text = 'x';
    }
    arena = await TestApplication.start({ providers: [handlersWith(UseInterceptors(ClassSerializerInterceptor))] });
    await expect(arena.bus.publish(profile.with(), new Broken() as never)).rejects.toThrow('no text');
    await arena.bus.publish(profile.with(), new User());
    const { frames } = await poll(arena, [{ topic: 'profile' }]);
    expect(frames.at(-1)).toMatchObject({ data: SHOWN });
  });
});

class Wrap implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value: unknown) => ({ value })));
  }
}

@Catch()
class AnyError implements ExceptionFilter {
  catch(error: unknown): unknown {
    return error;
  }
}

describe('A26: a warning at the start names', () => {
  async function warningsOf(options: TestApplicationOptions): Promise<readonly string[]> {
    const warnings: string[] = [];
    const ignore = (): void => undefined;
    const logger = {
      ...{ log: ignore, error: ignore, debug: ignore, verbose: ignore },
      warn: (...lines: string[]) => void warnings.push(...lines.slice(0, 1)),
    };
    await (await TestApplication.start({ ...options, logger })).close();
    return warnings.filter((line) => /^(global-enhancers|interceptor-result)/.test(line));
  }

  const globals = [
    { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor },
    { provide: APP_INTERCEPTOR, useClass: Wrap },
    { provide: APP_FILTER, useClass: AnyError },
  ];

  test('global interceptors and filters that do not run, but no class serializer', async () => {
    expect(await warningsOf({ providers: [handlersWith(), ...globals] })).toEqual([
      expect.stringMatching(/^global-enhancers-left-out reason=interceptors names=Wrap advice=".*globalEnhancers/),
      expect.stringMatching(/^global-enhancers-left-out reason=filters names=AnyError advice=".*globalEnhancers/),
    ]);
  });

  test('nothing if the application chose the kinds', async () => {
    const realtime = { globalEnhancers: ['guards', 'pipes'] } as const;
    expect(await warningsOf({ providers: [handlersWith(), ...globals], realtime })).toEqual([]);
  });

  test('request-scoped ones', async () => {
    const scoped = { provide: APP_INTERCEPTOR, useClass: Wrap, scope: Scope.REQUEST };
    expect(await warningsOf({ providers: [handlersWith(), scoped] })).toEqual([
      expect.stringMatching(/^global-enhancers-left-out reason=interceptors names=Wrap /),
    ]);
  });

  test('request-scoped class serializers, even if the application chose the kinds', async () => {
    const scoped = { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor, scope: Scope.REQUEST };
    const realtime = { globalEnhancers: ['guards', 'pipes'] } as const;
    expect(await warningsOf({ providers: [handlersWith(), scoped], realtime })).toEqual([
      expect.stringMatching(/^global-enhancers-left-out reason=interceptors names=ClassSerializerInterceptor /),
    ]);
  });

  test('interceptors around topics, whose result does not reach the topic', async () => {
    expect(await warningsOf({ providers: [handlersWith(UseInterceptors(Wrap, ClassSerializerInterceptor))] })).toEqual([
      expect.stringMatching(/^interceptor-result-ignored reason=Wrap handlers="Decorated\..*" advice="/),
    ]);
  });
});
