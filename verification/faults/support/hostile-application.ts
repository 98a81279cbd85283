import { Logger, type ArgumentsHost, type CanActivate, type ExceptionFilter } from '@nestjs/common';
import {
  BadRequestException,
  Catch,
  Module,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeConnections,
  RealtimeHandlers,
  RealtimeModule,
  TopicParams,
  type Identity,
  type RealtimeRequest,
  RealtimeSwitch,
} from '@statewire/nest';
import { action, eventTopic, stateTopic } from '@statewire/protocol';
import { map, Observable, of, throwError, timer, type MonoTypeOperatorFunction } from 'rxjs';

/** A secret that no client may read. */
export const SECRET = 'the secret of the server';

/** Logged when a topic releases a source whose teardown throws. */
export const SOURCE_ENDED = 'A source has ended.\n';

/** Time limit in milliseconds for code that never ends. */
const DEADLINE = 200;

const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

/** The kinds of faults in application code. */
const WAYS: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error(SECRET);
  },
  rejects: () => Promise.reject(new Error(SECRET)),
  'throws-nothing': () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what careless code does
    throw undefined;
  },
  'throws-cyclic': () => {
    throw new BadRequestException({ message: [cyclic] });
  },
  'throws-unreadable': () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what careless code does
    throw Object.defineProperty({}, 'message', { get: WAYS['throws'] });
  },
  'returns-cyclic': () => cyclic,
  'returns-unreadable': () => ({ toJSON: WAYS['throws'] }),
  'source-errs': () => throwError(() => new Error(SECRET)),
  'source-errs-later': () => timer(20).pipe(map(() => WAYS['throws']?.())),
  'source-throws': () =>
    new Observable(() => {
      throw new Error(SECRET);
    }),
  'source-emits-cyclic': () => of(cyclic),
  'source-end-throws': () =>
    new Observable(() => () => {
      process.stdout.write(SOURCE_ENDED);
      throw new Error(SECRET);
    }),
};

export const TROUBLES = Object.keys(WAYS);

export const load = stateTopic<unknown>()('load/:how');
export const notes = eventTopic<unknown>()('notes/:how');
export const guarded = stateTopic<unknown>()('guarded/:how');
export const intercepted = stateTopic<unknown>()('intercepted/:how');
export const calm = stateTopic<string>()('calm');

export interface Trouble {
  readonly how: string;
}

export const handle = action<Trouble, unknown>('handle');
export const guardedAction = action<Trouble, unknown>('guard');
export const intercept = action<Trouble, unknown>('intercept');
export const filtered = action<Trouble, unknown>('filter');
export const piped = action<Trouble, unknown>('pipe');

function trouble(how: unknown): unknown {
  return WAYS[String(how)]?.();
}

function howOf(context: ArgumentsHost): unknown {
  const { params, body } = context.getArgByIndex<RealtimeRequest>(0);
  return params.how ?? (body as Trouble | undefined)?.how;
}

class HostileGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return trouble(howOf(context)) as boolean;
  }
}

class HostileConnectionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user } = context.getArgByIndex<RealtimeRequest>(0);
    return typeof user !== 'string' || (trouble(user) as boolean);
  }
}

class HostileInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const fail = map(() => trouble(howOf(context))) as MonoTypeOperatorFunction<unknown>;
    return howOf(context) === 'throws' ? (trouble('throws') as Observable<unknown>) : next.handle().pipe(fail);
  }
}

@Catch()
class HostileFilter implements ExceptionFilter {
  catch(_thrown: unknown, host: ArgumentsHost): unknown {
    return trouble(howOf(host));
  }
}

class HostilePipe implements PipeTransform {
  transform(value: unknown): unknown {
    return trouble((value as Trouble).how);
  }
}

@RealtimeHandlers()
class HostileHandlers {
  @OnTopic(calm)
  calm(): string {
    return 'still here';
  }

  @OnTopic(load)
  load(@TopicParams() { how }: Trouble): unknown {
    return trouble(how);
  }

  @OnTopic(notes)
  notes(@TopicParams() { how }: Trouble): Observable<unknown> {
    return trouble(how) as Observable<unknown>;
  }

  @OnTopic(guarded)
  @UseGuards(HostileGuard)
  guarded(): unknown {
    return 1;
  }

  @OnTopic(intercepted)
  @UseInterceptors(HostileInterceptor)
  intercepted(): unknown {
    return 1;
  }

  @OnAction(handle)
  handle(@ActionData() { how }: Trouble): unknown {
    return trouble(how);
  }

  @OnAction(guardedAction)
  @UseGuards(HostileGuard)
  guardedAction(): unknown {
    return 1;
  }

  @OnAction(intercept)
  @UseInterceptors(HostileInterceptor)
  intercept(): unknown {
    return 1;
  }

  @OnAction(filtered)
  @UseFilters(HostileFilter)
  filtered(): unknown {
    throw new Error(SECRET);
  }

  @OnAction(piped)
  @UsePipes(HostilePipe)
  piped(@ActionData() data: unknown): unknown {
    return data;
  }
}

function authenticate(_request: RealtimeRequest, token: string): Identity {
  const [where, how = ''] = token.split(':');
  return where === 'verifier' ? (trouble(how) as Identity) : { id: token, user: how };
}

@Module({
  imports: [
    RealtimeModule.forRoot({
      authenticate,
      connectionGuards: [HostileConnectionGuard],
      drain: { windowMs: 0 },
      limits: {
        frames: { perSecond: 0, malformed: 0 },
        timeouts: { lingerMs: 50, loadMs: DEADLINE, actionMs: DEADLINE, authenticationMs: DEADLINE },
      },
    }),
  ],
  providers: [HostileHandlers],
})
class HostileModule {}

/** Adds listeners of the module that throw. */
function listenHostile(bus: RealtimeBus, connections: RealtimeConnections, flag: RealtimeSwitch): void {
  const subscriber = (): void => void trouble('throws');
  bus.stream(calm.with()).subscribe(subscriber);
  connections.revoked.subscribe(subscriber);
  flag.changes.subscribe(subscriber);
}

/** Runs work of an application without awaiting it. */
async function misuse(bus: RealtimeBus, connections: RealtimeConnections, flag: RealtimeSwitch): Promise<void> {
  void bus.publish(calm.with(), cyclic as never);
  void bus.publish(load.with({ how: 'returns-cyclic' }), WAYS['throws']);
  await connections.revoke({ user: 'nobody' });
  await flag.set(false);
  await flag.set(true);
}

if (process.argv[1] === import.meta.filename) {
  const app = await NestFactory.create(HostileModule, { logger: ['error', 'warn', 'log'] });
  const parts = [app.get(RealtimeBus), app.get(RealtimeConnections), app.get(RealtimeSwitch)] as const;
  await app.listen(0, '127.0.0.1');
  listenHostile(...parts);
  await misuse(...parts);
  new Logger('Hostile').log(`Listening on ${await app.getUrl()}`);
}
