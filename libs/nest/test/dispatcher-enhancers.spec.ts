import { afterEach, describe, expect, test } from '@jest/globals';
import {
  BadRequestException,
  Catch,
  createParamDecorator,
  ForbiddenException,
  HttpException,
  Injectable,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE, Reflector } from '@nestjs/core';
import { WsException } from '@nestjs/websockets';
import { action, stateTopic } from '@statewire/protocol';
import { IsInt } from 'class-validator';
import { map, tap, type Observable } from 'rxjs';

import {
  ActionData,
  Caller,
  OnAction,
  OnTopic,
  RealtimeError,
  RealtimeHandlers,
  TopicParams,
  type RealtimeModuleOptions,
  type RealtimeRequest,
} from '../src/index.js';
import { TestApplication } from './support/test-application.js';
import { TRANSPORTS } from './support/transports.js';

const room = stateTopic<string>()('rooms/:roomId');
const Roles = (...roles: string[]) => SetMetadata('roles', roles);
const Agent = createParamDecorator((name: string, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<RealtimeRequest>();
  return `${name} ${String(request.headers['user-agent'])}`;
});

@Injectable()
class Journal {
  readonly lines: string[] = [];
}

/** A guard as applications write it for controllers: it reads the request, metadata and a dependency. */
@Injectable()
class RolesGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly journal: Journal,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const roles = this.reflector.getAllAndOverride<string[] | undefined>('roles', [
      context.getHandler(),
      context.getClass(),
    ]);
    const request = context.switchToHttp().getRequest<RealtimeRequest>();
    this.journal.lines.push(`${context.getType()} ${context.getClass().name}.${context.getHandler().name}`);
    return roles === undefined || roles.includes((request.user as { role: string } | undefined)?.role ?? 'nobody');
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class TransientGuard implements CanActivate {
  constructor(private readonly journal: Journal) {}

  canActivate(): boolean {
    this.journal.lines.push('transient');
    return true;
  }
}

const passport: CanActivate = {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user: unknown }>();
    request.user = { name: request.headers['authorization'] };
    return true;
  },
};

@Injectable()
class Timing implements NestInterceptor {
  constructor(private readonly journal: Journal) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    this.journal.lines.push('before');
    return next.handle().pipe(tap(() => this.journal.lines.push('after')));
  }
}

const wrap: NestInterceptor = {
  intercept: (_context, next) => next.handle().pipe(map((data: unknown) => ({ data }))),
};

const rejectStrangers: NestInterceptor = {
  intercept(context, next) {
    const { user } = context.switchToHttp().getRequest<RealtimeRequest>();
    if (user === undefined) throw new ForbiddenException('Strangers are rejected.');
    return next.handle();
  },
};

class Teapot extends Error {}

@Catch(Teapot)
class TeapotFilter implements ExceptionFilter {
  catch(_error: Teapot, host: ArgumentsHost): unknown {
    const { action: name } = host.switchToHttp().getRequest<RealtimeRequest>();
    return { code: 'action_failed', message: `${String(name)} is a teapot.`, details: { short: true } };
  }
}

@Catch(HttpException)
class HttpOnlyFilter implements ExceptionFilter {
  catch(error: HttpException, host: ArgumentsHost): void {
    host
      .switchToHttp()
      .getResponse<{ status(code: number): { json(body: unknown): void } }>()
      .status(error.getStatus())
      .json({ broken: true });
  }
}

@Catch()
class NonsenseFilter implements ExceptionFilter {
  catch(): unknown {
    return { status: 'bad' };
  }
}

@Catch()
class LoggingFilter implements ExceptionFilter {
  catch(): void {}
}

const upper: PipeTransform = {
  transform: (value: unknown) => (typeof value === 'string' ? value.toUpperCase() : value),
};

class CountDto {
  @IsInt()
  count!: number;
}

@RealtimeHandlers()
@Roles('player')
class Rooms {
  loads = 0;

  @OnTopic(room)
  @UseGuards(RolesGuard)
  @Roles('watcher', 'player')
  load(@TopicParams() params: { roomId: string }): string {
    this.loads += 1;
    return params.roomId;
  }

  @OnAction(action<void, string>('rooms/enter'))
  @UseGuards(RolesGuard, TransientGuard)
  @UseInterceptors(Timing)
  enter(): string {
    return 'entered';
  }

  @OnAction(action<void, unknown>('rooms/who'))
  @UseGuards(passport)
  who(@Caller() caller: unknown): unknown {
    return caller;
  }

  @OnAction(action<string, string>('rooms/shout'))
  shout(@ActionData(upper) text: string): string {
    return text;
  }

  @OnAction(action<void, string>('rooms/agent'))
  agent(@Agent('I am') agent: string): string {
    return agent;
  }

  @OnAction(action<void, unknown>('rooms/wrapped'))
  @UseInterceptors(wrap)
  wrapped(): unknown {
    return 1;
  }

  @OnAction(action<void, void>('rooms/teapot'))
  @UseFilters(TeapotFilter)
  teapot(): void {
    throw new Teapot();
  }

  @OnAction(action<void, void>('rooms/http-only'))
  @UseFilters(HttpOnlyFilter)
  httpOnly(): void {
    throw new BadRequestException('secret');
  }

  @OnAction(action<void, void>('rooms/nonsense'))
  @UseFilters(NonsenseFilter)
  nonsense(): void {
    throw new RealtimeError('action_failed', 'Not told.');
  }

  @OnAction(action<void, void>('rooms/logged'))
  @UseFilters(LoggingFilter)
  logged(): void {
    throw new RealtimeError('action_failed', 'Told.');
  }

  @OnAction(action<CountDto, unknown>('rooms/count'))
  count(@ActionData() dto: CountDto): unknown {
    return dto;
  }

  @OnAction(action<CountDto, unknown>('rooms/count-strictly'))
  @UsePipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }))
  countStrictly(@ActionData() dto: CountDto): unknown {
    return dto;
  }
}

const picky = stateTopic<string>()('picky/:name');

@RealtimeHandlers()
class Picky {
  @OnTopic(picky)
  @UseInterceptors(rejectStrangers, wrap)
  load(@TopicParams() { name }: { name: string }): string {
    return name;
  }
}

const realtime: RealtimeModuleOptions = {
  authenticate: (_, token) => ({ id: token, user: { role: token } }),
};

describe.each(TRANSPORTS)('enhancers over $name', ({ open }) => {
  let arena: TestApplication;
  let warnings: string[];

  async function start(
    options: Parameters<typeof TestApplication.start>[0] = {},
    more: RealtimeModuleOptions = {},
  ): Promise<TestApplication> {
    warnings = [];
    arena = await TestApplication.start({
      ...options,
      providers: [Rooms, Picky, Journal, ...(options.providers ?? [])],
      realtime: { ...realtime, ...more },
      logger: { log() {}, debug() {}, verbose() {}, error() {}, warn: (text?: unknown) => warnings.push(String(text)) },
    });
    return arena;
  }

  afterEach(() => arena.close());

  describe('guards', () => {
    test('with dependencies read the user and the metadata of the handler, and reject with forbidden', async () => {
      await start();
      const enter = { id: '1', name: 'rooms/enter' };
      const stranger = await open(arena);
      const player = await open(arena, 'player');
      const message = 'A guard denied access to the action "rooms/enter".';
      expect(await stranger.act(enter)).toMatchObject({ type: 'error', id: '1', code: 'forbidden', message });
      expect(await player.act(enter)).toEqual({ type: 'ack', id: '1', data: 'entered' });
      expect(arena.get(Journal).lines).toEqual([
        'realtime Rooms.enter',
        'realtime Rooms.enter',
        'transient',
        'before',
        'after',
      ]);
    });

    test('of a topic run for every caller, and its handler runs once for all', async () => {
      await start();
      const stranger = await open(arena);
      const message = 'A guard denied access to the topic "rooms/1".';
      expect(await stranger.read('rooms/1')).toMatchObject({
        ...{ type: 'error', topic: 'rooms/1', code: 'forbidden' },
        message,
      });
      for (const role of ['watcher', 'player', 'watcher']) {
        const caller = await open(arena, role);
        expect(await caller.read('rooms/1')).toMatchObject({ type: 'subscribed', topic: 'rooms/1' });
      }
      expect(arena.get(Rooms).loads).toBe(1);
      expect(arena.get(Journal).lines).toHaveLength(4);
    });

    test('that set the user of the request determine @Caller()', async () => {
      await start();
      const caller = await open(arena, 'ann');
      expect(await caller.act({ id: '1', name: 'rooms/who' })).toMatchObject({ data: { name: 'Bearer ann' } });
    });

    test.each([
      ['an APP_GUARD', { providers: [{ provide: APP_GUARD, useClass: RolesGuard }] }],
      [
        'useGlobalGuards',
        {
          configure: (app: TestApplication['app']) =>
            app.useGlobalGuards(new RolesGuard(new Reflector(), app.get(Journal))),
        },
      ],
    ])('of the whole application apply: %s', async (_, options) => {
      await start(options);
      const caller = await open(arena, 'nobody');
      expect(await caller.act({ id: '1', name: 'rooms/logged' })).toMatchObject({ code: 'forbidden' });
    });

    test('that throw a WsException deny access, as in a gateway', async () => {
      const refuse = (): never => {
        throw new WsException('No seat for you.');
      };
      await start({ configure: (app) => app.useGlobalGuards({ canActivate: refuse }) });
      const caller = await open(arena, 'player');
      const denied = { type: 'error', code: 'forbidden', message: 'No seat for you.' };
      expect(await caller.act({ id: '1', name: 'rooms/who' })).toMatchObject(denied);
      expect(await caller.read('rooms/1')).toMatchObject(denied);
    });

    test('of the whole application can be disabled', async () => {
      await start({ providers: [{ provide: APP_GUARD, useClass: RolesGuard }] }, { globalEnhancers: [] });
      const caller = await open(arena, 'nobody');
      expect(await caller.act({ id: '1', name: 'rooms/logged' })).toMatchObject({ code: 'action_failed' });
    });
  });

  describe('pipes', () => {
    test('of a parameter change the argument of the handler', async () => {
      await start();
      const caller = await open(arena);
      expect(await caller.act({ id: '1', name: 'rooms/shout', data: 'hey' })).toMatchObject({ data: 'HEY' });
    });

    test('of a handler replace the built-in ValidationPipe', async () => {
      await start();
      const caller = await open(arena);
      const data = { count: 1, more: 2 };
      expect(await caller.act({ id: '1', name: 'rooms/count', data })).toMatchObject({ data: { count: 1 } });
      expect(await caller.act({ id: '2', name: 'rooms/count-strictly', data })).toMatchObject({
        code: 'validation_failed',
        details: ['property more should not exist'],
      });
    });

    test('of the whole application replace the built-in ValidationPipe', async () => {
      const pipe = new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true });
      await start({ providers: [{ provide: APP_PIPE, useValue: pipe }] });
      const caller = await open(arena);
      const data = { count: 1, more: 2 };
      expect(await caller.act({ id: '1', name: 'rooms/count', data })).toMatchObject({ code: 'validation_failed' });
    });

    test('parameter decorators of the application read the request', async () => {
      await start();
      const caller = await open(arena);
      expect(await caller.act({ id: '1', name: 'rooms/agent' })).toMatchObject({
        data: expect.stringMatching(/^I am /),
      });
    });
  });

  describe('interceptors', () => {
    test('change the result of an action', async () => {
      await start();
      const caller = await open(arena);
      expect(await caller.act({ id: '1', name: 'rooms/wrapped' })).toMatchObject({ data: { data: 1 } });
    });

    test('of a topic reject a caller, and do not change its value', async () => {
      await start();
      expect(await (await open(arena)).read('picky/a')).toMatchObject({
        type: 'error',
        code: 'forbidden',
        message: 'Strangers are rejected.',
      });
      const seen: unknown[] = [];
      arena.bus.stream(picky.with({ name: 'a' })).subscribe((value) => seen.push(value));
      expect(await (await open(arena, 'ann')).read('picky/a')).toMatchObject({ type: 'subscribed', offset: 1 });
      expect(seen).toEqual(['a']);
    });

    test('of the whole application apply only if enabled', async () => {
      const providers = [{ provide: APP_INTERCEPTOR, useValue: wrap }];
      await start({ providers });
      const before = await open(arena);
      expect(await before.act({ id: '1', name: 'rooms/shout', data: 'a' })).toMatchObject({ data: 'A' });
      await arena.close();
      await start({ providers }, { globalEnhancers: ['interceptors'] });
      const after = await open(arena);
      expect(await after.act({ id: '1', name: 'rooms/shout', data: 'a' })).toMatchObject({ data: { data: 'A' } });
    });
  });

  describe('filters', () => {
    test('answer with the code and message they return', async () => {
      await start();
      const caller = await open(arena);
      expect(await caller.act({ id: '1', name: 'rooms/teapot' })).toEqual({
        type: 'error',
        id: '1',
        code: 'action_failed',
        message: 'rooms/teapot is a teapot.',
        temporary: false,
        details: { short: true },
      });
    });

    test('without a result leave the error unchanged', async () => {
      await start();
      const caller = await open(arena);
      expect(await caller.act({ id: '1', name: 'rooms/logged' })).toMatchObject({ message: 'Told.' });
    });

    test.each([
      ['that write to a response', 'rooms/http-only', 'isRealtime(context)'],
      ['that return something else', 'rooms/nonsense', 'Return { code, message }'],
    ])('%s give internal and log one warning with the remedy', async (_, name, remedy) => {
      await start();
      const caller = await open(arena);
      warnings.length = 0;
      for (const id of ['1', '2']) {
        expect(await caller.act({ id, name })).toMatchObject({
          code: 'internal',
          message: 'Something failed on the server.',
        });
      }
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(remedy);
    });

    test('of the whole application that write to a response apply only if enabled', async () => {
      await start({ configure: (app) => app.useGlobalFilters(new HttpOnlyFilter()) });
      const caller = await open(arena);
      expect(await caller.act({ id: '1', name: 'rooms/count', data: {} })).toMatchObject({ code: 'validation_failed' });
    });
  });
});
