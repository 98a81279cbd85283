import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Catch,
  Injectable,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { action, stateTopic } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import { OnAction, OnTopic, RealtimeHandlers, RealtimeModule, type RealtimeRequest } from '../src/index.js';
import { RecordedLog } from './support/recorded-log.js';
import { TestApplication } from './support/test-application.js';
import { TRANSPORTS } from './support/transports.js';

type Response = Record<string, (...values: unknown[]) => Response> & { locals: Record<string, unknown>; raw: Response };

const responseOf = (context: ExecutionContext): Response => context.switchToHttp().getResponse<Response>();

/** Tells the caller its limit, as rate limiters do. */
@Injectable()
class LimitGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const response = responseOf(context);
    const { ip, ips } = context.switchToHttp().getRequest<RealtimeRequest>();
    response.header!('X-Limit', 5).set!({ 'X-Rest': 4 }).vary!('Origin').status!(200);
    response.headers!({ 'X-Tier': 'free' }).append!('X-Policy', 'day').appendHeader!('X-Policy', 'hour');
    response.raw.setHeader!('X-Reset', 60);
    const told: unknown[] = ['x-limit', 'X-Rest', 'x-tier', 'x-policy'].map((name) => response.get!(name));
    return told.join() === '5,4,free,day,hour' && ips[0] === ip;
  }
}

const timing: NestInterceptor = {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = responseOf(context);
    if (response.locals.timed === true) throw new Error('The response of another request is visible.');
    response.locals.timed = true;
    response.on!('finish', () => undefined);
    response.setHeader!('X-Time', '1');
    return next.handle();
  },
};

@Injectable()
class SendingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    responseOf(context).status!(429).json!({ slow: 'down' });
    return false;
  }
}

@Injectable()
class BrokenGuard implements CanActivate {
  async canActivate(): Promise<boolean> {
    throw new Error('The table of the guard is missing.');
  }
}

@Injectable()
class ClosedGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Catch()
class HttpFilter implements ExceptionFilter {
  catch(_: unknown, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Response>().status!(403).json!({ denied: true });
  }
}

@Catch()
class BrokenFilter implements ExceptionFilter {
  catch(): never {
    throw new Error('The filter failed.');
  }
}

@RealtimeHandlers()
class Rooms {
  @OnTopic(stateTopic<string>()('headers'))
  @UseGuards(LimitGuard)
  @UseInterceptors(timing)
  headers(): string {
    return 'told';
  }

  @OnAction(action<void, string>('headers'))
  @UseGuards(LimitGuard)
  @UseInterceptors(timing)
  tell(): string {
    return 'told';
  }

  @OnTopic(stateTopic<string>()('sent'))
  @UseGuards(SendingGuard)
  sent(): string {
    return 'sent';
  }

  @OnAction(action<void, string>('sent'))
  @UseGuards(SendingGuard)
  send(): string {
    return 'sent';
  }

  @OnTopic(stateTopic<string>()('broken'))
  @UseGuards(BrokenGuard)
  broken(): string {
    return 'broken';
  }

  @OnTopic(stateTopic<string>()('filtered'))
  @UseGuards(ClosedGuard)
  @UseFilters(HttpFilter)
  filtered(): string {
    return 'filtered';
  }

  @OnTopic(stateTopic<string>()('failed-filter'))
  @UseGuards(ClosedGuard)
  @UseFilters(BrokenFilter)
  failedFilter(): string {
    return 'failed-filter';
  }
}

describe.each(TRANSPORTS)('a response that does not exist, over $name', ({ open }) => {
  let arena: TestApplication;
  let log: RecordedLog;

  async function start(): Promise<void> {
    log = new RecordedLog();
    arena = await TestApplication.start({ module: RealtimeModule.forRoot(), providers: [Rooms], logger: log.logger });
  }

  afterEach(() => arena.close());

  test('takes headers, a status and listeners of guards and interceptors', async () => {
    await start();
    const caller = await open(arena);
    expect(await caller.read('headers')).toMatchObject({ type: 'subscribed' });
    for (const id of ['1', '2']) expect(await caller.act({ id, name: 'headers' })).toMatchObject({ data: 'told' });
    expect(log.errors).toEqual([]);
  });

  test('rejects an answer, with a warning that names the guard, the handler and the line', async () => {
    await start();
    const caller = await open(arena);
    expect(await caller.read('sent')).toMatchObject({ type: 'error', code: 'internal' });
    expect(await caller.act({ id: '1', name: 'sent' })).toMatchObject({ type: 'error', code: 'internal' });
    for (const handler of ['Rooms.sent', 'Rooms.send']) {
      const lines = log.lines.filter((line) => line.includes(`enhancer-needs-http reason=${handler}`));
      expect(lines).toEqual([expect.stringContaining('the guard SendingGuard called \\"json\\" of an HTTP response')]);
      expect(lines[0]).toMatch(/at="SendingGuard\..*response-stub\.spec\.ts:/);
    }
  });

  test('is missed by a filter, and the log does not blame the guard that denied access', async () => {
    await start();
    const caller = await open(arena);
    expect(await caller.read('filtered')).toMatchObject({ type: 'error', code: 'internal' });
    expect(await caller.read('failed-filter')).toMatchObject({ type: 'error', code: 'internal' });
    const line = log.lines.find((each) => each.includes('enhancer-needs-http reason=Rooms.filtered'));
    expect(line).toContain('what="a filter called \\"json\\" of an HTTP response');
    expect(line).toMatch(/at="HttpFilter\..*response-stub\.spec\.ts:/);
    const error = log.errors.find((each) => each.includes('reason=Rooms.failedFilter'));
    expect(error).toContain('topic=failed-filter');
    expect(error).not.toContain('guard=');
  });

  test('is not why a guard throws, and the log names the guard', async () => {
    await start();
    const caller = await open(arena);
    expect(await caller.read('broken')).toMatchObject({ type: 'error', code: 'internal', topic: 'broken' });
    expect(log.errors).toEqual([expect.stringContaining('handler-failed reason=Rooms.broken guard=BrokenGuard')]);
  });
});
