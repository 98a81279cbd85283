import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Catch,
  ParseIntPipe,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { action, stateTopic } from '@statewire/protocol';
import { Allow, IsInt, IsNumberString, IsOptional, IsString } from 'class-validator';
import { firstValueFrom } from 'rxjs';

import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeError,
  RealtimeExecutionContext,
  RealtimeHandlers,
  TopicParams,
  type RealtimeHandlersError,
  type RealtimeRequest,
} from '../src/index.js';
import { TestApplication } from './support/test-application.js';
import { TRANSPORTS } from './support/transports.js';

const rename = action<{ player: string }, string>('rename');
const score = stateTopic<{ player: string; season: number }>()('scores/:player/:season');

class Point {
  @IsInt()
  x!: number;
}

interface Player {
  readonly name: string;
}

class RecordingGuard implements CanActivate {
  readonly seen: unknown[] = [];

  canActivate(context: ExecutionContext): boolean {
    const realtime = RealtimeExecutionContext.create(context);
    const { topic, action: name, params, data, user } = realtime.getRequest<Player | undefined>();
    this.seen.push({ handler: realtime.getHandler().name, topic, action: name, params, data, user: user?.name });
    return true;
  }
}

const guard = new RecordingGuard();

class SoldOutError extends Error {}

@Catch(SoldOutError)
class SoldOutFilter implements ExceptionFilter {
  catch(_: SoldOutError, host: ArgumentsHost): never {
    const { action: name, user } = RealtimeExecutionContext.create(host).getRequest<Player>();
    throw new RealtimeError('action_failed', `${name} is not for ${user.name}`);
  }
}

const any = action<unknown, unknown>;
let actions = 0;
const nextId = (): string => String((actions += 1));

@RealtimeHandlers()
class Fields {
  @OnTopic(score)
  @UseGuards(guard)
  load(@TopicParams('player') player: string, @TopicParams('season', ParseIntPipe) season: number) {
    return { player, season };
  }

  @OnAction(any('fields/plain'))
  plain(@ActionData('text') text: unknown, @ActionData('constructor') own: unknown): unknown {
    return { text: text ?? null, own: own ?? null };
  }

  @OnAction(any('fields/piped'))
  @UseGuards(guard)
  piped(@ActionData('count', ParseIntPipe) count: number, @ActionData('length') length: unknown): unknown {
    return { count, length: length ?? null };
  }

  @OnAction(any('fields/sold-out'))
  @UseFilters(SoldOutFilter)
  soldOut(): never {
    throw new SoldOutError();
  }

  @OnAction(any('fields/dto'))
  dto(@ActionData('point') point: Point): unknown {
    return { isDto: point instanceof Point, x: point.x };
  }
}

describe.each(TRANSPORTS)('a parameter with a name over $name', ({ open }) => {
  let arena: TestApplication;

  beforeAll(async () => {
    const authenticate = (_: RealtimeRequest, token: string) => ({ id: token, user: { name: token } });
    arena = await TestApplication.start({ providers: [Fields], realtime: { authenticate } });
  });

  afterAll(() => arena.close());

  test('is one parameter of the topic, after its pipes', async () => {
    const ann = await open(arena, 'ann');
    expect(await ann.read('scores/bob/7')).toMatchObject({ type: 'subscribed' });
    const value = await firstValueFrom(arena.bus.stream(score.with({ player: 'bob', season: '7' })));
    expect(value).toEqual({ player: 'bob', season: 7 });
    expect(await ann.read('scores/bob/last')).toMatchObject({ type: 'error', code: 'bad_request' });
  });

  test.each<[unknown, unknown]>([
    [
      { text: 'hello', more: 1 },
      { text: 'hello', own: null },
    ],
    [{}, { text: null, own: null }],
    ['a string', { text: null, own: null }],
    [[1], { text: null, own: null }],
    [null, { text: null, own: null }],
    [undefined, { text: null, own: null }],
  ])('is one field of the data %j and nothing of its prototype', async (data, expected) => {
    const ann = await open(arena, 'ann');
    expect(await ann.act({ id: nextId(), name: 'fields/plain', data })).toMatchObject({ data: expected });
  });

  test('is one field of the data after its pipes', async () => {
    const ann = await open(arena, 'ann');
    const act = (data: unknown) => ann.act({ id: nextId(), name: 'fields/piped', data });
    expect(await act({ count: '3' })).toMatchObject({ data: { count: 3, length: null } });
    expect(await act({ count: 'x' })).toMatchObject({ code: 'action_failed' });
    expect(await act('text')).toMatchObject({ code: 'action_failed' });
    expect(await act([1, 2])).toMatchObject({ code: 'action_failed' });
  });

  test('is validated if its type is a DTO class', async () => {
    const ann = await open(arena, 'ann');
    const act = (point: unknown) => ann.act({ id: nextId(), name: 'fields/dto', data: { point } });
    expect(await act({ x: 1, y: 2 })).toMatchObject({ data: { isDto: true, x: 1 } });
    expect(await act({ x: 'one' })).toMatchObject({ code: 'validation_failed' });
  });

  test('leaves guards the whole request, through RealtimeExecutionContext', async () => {
    const ann = await open(arena, 'ann');
    guard.seen.length = 0;
    await ann.read('scores/carl/1');
    await ann.act({ id: nextId(), name: 'fields/piped', data: { count: 1 } });
    expect(guard.seen).toEqual([
      { handler: 'load', topic: 'scores/carl/1', params: { player: 'carl', season: '1' }, user: 'ann' },
      { handler: 'piped', action: 'fields/piped', params: {}, data: { count: 1 }, user: 'ann' },
    ]);
  });

  test('leaves exception filters the whole request, through RealtimeExecutionContext', async () => {
    const ann = await open(arena, 'ann');
    expect(await ann.act({ id: nextId(), name: 'fields/sold-out' })).toMatchObject({
      code: 'action_failed',
      message: 'fields/sold-out is not for ann',
    });
  });
});

test('RealtimeExecutionContext.create() accepts a host without class and handler', () => {
  const host = { getType: () => 'realtime', getArgs: () => [{ topic: 'lobby' }] } as unknown as ArgumentsHost;
  const context = RealtimeExecutionContext.create(host);
  expect(context.getRequest().topic).toBe('lobby');
  expect([context.getType(), context.getClass(), context.getHandler()]).toEqual(['realtime', null, null]);
});

describe('parameters that ask for what does not exist stop the start', () => {
  async function problemsOf(provider: Type): Promise<readonly string[]> {
    const thrown: unknown = await TestApplication.start({ providers: [provider] }).catch((error: unknown) => error);
    return (thrown as RealtimeHandlersError).problems;
  }

  test('a name that is not in the pattern', async () => {
    @RealtimeHandlers()
    class Mistyped {
      @OnTopic(score)
      load(@TopicParams('match') player: string) {
        return { player, season: 1 };
      }
    }
    expect(await problemsOf(Mistyped)).toEqual([
      `Mistyped.load: @TopicParams('match') names no parameter of "scores/:player/:season". Name one of the pattern.`,
    ]);
  });

  test('a field of a DTO that is not in the pattern, unless it is optional', async () => {
    class ScoreParams {
      @IsString() player!: string;
      @IsNumberString() year!: string;
      @IsOptional() @IsString() league?: string;
      @Allow() note?: string;
    }
    @RealtimeHandlers()
    class Mistyped {
      // The compiler would find it as well.
      @OnTopic<{ player: string; season: number }, string, 'state'>(score)
      load(@TopicParams() { player }: ScoreParams) {
        return { player, season: 1 };
      }
    }
    expect(await problemsOf(Mistyped)).toEqual([
      'Mistyped.load: ScoreParams requires "year", but "scores/:player/:season" has no such parameter. ' +
        'Remove the field, or make it optional.',
    ]);
  });

  test('data of a topic, and parameters of an action', async () => {
    @RealtimeHandlers()
    class Mixed {
      @OnTopic(score)
      load(@ActionData('player') player: string) {
        return { player, season: 1 };
      }

      @OnAction(rename)
      rename(@TopicParams('player') player: string) {
        return player;
      }
    }
    expect(await problemsOf(Mixed)).toEqual([
      'Mixed.load asks for @ActionData(), but the topic "scores/:player/:season" has no data. Use @TopicParams().',
      'Mixed.rename asks for @TopicParams(), but the action "rename" has no topic. Use @ActionData().',
    ]);
  });
});

test('RealtimeExecutionContext.create() rejects a context of a controller', () => {
  const context = { getType: () => 'http' } as unknown as ExecutionContext;
  expect(RealtimeExecutionContext.isRealtime(context)).toBe(false);
  expect(() => RealtimeExecutionContext.create(context)).toThrow('got a context of the type "http"');
});
