import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  BadRequestException,
  ConflictException,
  NotFoundException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { action, stateTopic, type ErrorCode, type Json } from '@statewire/protocol';
import { Type } from 'class-transformer';
import { IsInt, IsString, ValidateNested } from 'class-validator';
import { firstValueFrom, of, Subject } from 'rxjs';

import {
  ActionData,
  Caller,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeError,
  RealtimeHandlers,
  type RealtimeRequest,
} from '../src/index.js';
import { untilTrue } from './support/event-loop-turn.js';
import { TestApplication } from './support/test-application.js';
import { RecordedLog } from './support/recorded-log.js';
import { CLIENT_ID, post, TRANSPORTS, type TestCaller } from './support/transports.js';

const counter = stateTopic<number>()('counters/:name');
const secret = stateTopic<number>()('secrets/:name');

class AmountDto {
  @IsInt()
  amount!: number;
}

class OrderDto {
  @IsString()
  item!: string;

  @ValidateNested()
  @Type(() => AmountDto)
  price!: AmountDto;
}

function nested(levels: number): Json {
  return levels === 0 ? null : [nested(levels - 1)];
}

const failures: Record<string, () => unknown> = {
  realtime: () => new RealtimeError('action_failed', 'The shop is closed.', { details: { opens: 9 } }),
  'not-found': () => new NotFoundException('No such shop.'),
  conflict: () => new ConflictException('Sold out.'),
  unauthorized: () => new UnauthorizedException(),
  'bad-request': () => new BadRequestException('Not like this.'),
  websocket: () => new WsException('Not now.'),
  unavailable: () => new ServiceUnavailableException('Come back later.'),
  bug: () => new TypeError('secret of the implementation'),
  'no-error': () => 'just a text',
  internal: () => new RealtimeError('internal', 'secret of the implementation'),
  'no-time': () => new RealtimeError('unavailable', 'secret of the implementation', { retryAfter: NaN }),
  'deep-details': () => new RealtimeError('conflict', 'secret of the implementation', { details: nested(257) }),
  'no-code': () => new RealtimeError('sold_out' as ErrorCode, 'secret of the implementation'),
};

@RealtimeHandlers()
class Shop {
  readonly calls: unknown[] = [];
  readonly gate = new Subject<void>();

  constructor(private readonly bus: RealtimeBus) {}

  @OnTopic(counter)
  counter(): number {
    return 0;
  }

  @OnAction(action<OrderDto, unknown>('shop/order'))
  order(@ActionData() order: OrderDto, @Caller() caller: unknown): unknown {
    this.calls.push(order);
    return { isDto: order instanceof OrderDto && order.price instanceof AmountDto, order, caller: caller ?? null };
  }

  @OnAction(action<string, never>('shop/fail'))
  fail(@ActionData() how: string): never {
    this.calls.push(how);
    throw failures[how]?.();
  }

  @OnAction(action<void, number>('shop/wait'))
  async wait(): Promise<number> {
    this.calls.push('wait');
    await firstValueFrom(this.gate);
    return this.calls.length;
  }

  @OnAction(action<void, void>('shop/forever'), { timeoutMs: 20 })
  async forever(): Promise<void> {
    this.calls.push('forever');
    await firstValueFrom(this.gate, { defaultValue: undefined });
  }

  @OnAction(action<void, number>('shop/stream'))
  stream() {
    return of(1, 2, 3);
  }

  @OnAction(action<void, void>('shop/endless'), { timeoutMs: 20 })
  endless() {
    return this.gate;
  }

  @OnAction(action<void, void>('shop/nothing'))
  nothing(): void {}

  @OnAction(action<void, unknown>('shop/deep'))
  deep(): unknown {
    return nested(257);
  }

  @OnAction(action<void, unknown>('shop/circular'))
  circular(): unknown {
    const self: { self?: unknown } = {};
    self.self = self;
    return self;
  }

  @OnAction(action<void, unknown>('shop/projection'))
  projection(): unknown {
    return { at: new Date(0), left: undefined, text: { toJSON: () => 'made' } };
  }

  @OnAction(action<void, void>('shop/count'))
  async count(): Promise<void> {
    await this.bus.publish(counter.with({ name: 'a' }), 1);
    void this.bus.publish(counter.with({ name: 'a' }), 2);
    await this.bus.publish(secret.with({ name: 'a' }), 3);
  }
}

describe.each(TRANSPORTS)('actions over $name', ({ name: transport, open }) => {
  let arena: TestApplication;
  let shop: Shop;
  let ann: TestCaller;
  let log: RecordedLog;

  beforeEach(async () => {
    log = new RecordedLog();
    arena = await TestApplication.start({
      providers: [Shop],
      realtime: {
        authenticate: (_: RealtimeRequest, token: string) => ({ id: token, user: { name: token } }),
        actionWindowMs: 60_000,
      },
      logger: log.logger,
    });
    shop = arena.get(Shop);
    ann = await open(arena, 'ann');
  });

  afterEach(() => arena.close());

  describe('validated', () => {
    test('data reaches the handler as an instance of its DTO, without fields that have no validation rules', async () => {
      const data = { item: 'sword', price: { amount: 3, bribe: 1 }, role: 'admin' };
      expect(await ann.act({ id: '1', name: 'shop/order', data })).toEqual({
        type: 'ack',
        id: '1',
        data: { isDto: true, order: { item: 'sword', price: { amount: 3 } }, caller: { name: 'ann' } },
      });
    });

    test.each([
      [
        'of another shape',
        { item: 5, price: { amount: 'x' } },
        ['item must be a string', 'price.amount must be an integer number'],
      ],
      ['missing', undefined, ['item must be a string']],
      ['a list', [], ['item must be a string']],
      ['a text', 'sword', ['item must be a string']],
      ['null', null, ['item must be a string']],
    ])('data that is %s is rejected with the fields, and the handler is not called', async (_, data, details) => {
      const answer = await ann.act({ id: '1', name: 'shop/order', data });
      expect(answer).toEqual({
        type: 'error',
        id: '1',
        code: 'validation_failed',
        message: 'The data is invalid.',
        temporary: false,
        details: expect.arrayContaining(details),
      });
      expect(shop.calls).toEqual([]);
    });
  });

  describe('rejected', () => {
    test.each([
      ['realtime', { code: 'action_failed', message: 'The shop is closed.', details: { opens: 9 } }],
      ['not-found', { code: 'action_failed', message: 'No such shop.' }],
      ['conflict', { code: 'action_failed', message: 'Sold out.' }],
      ['unauthorized', { code: 'unauthorized', message: 'Unauthorized' }],
      ['bad-request', { code: 'action_failed', message: 'Not like this.' }],
      ['websocket', { code: 'action_failed', message: 'Not now.' }],
      ['unavailable', { code: 'unavailable', message: 'Come back later.', temporary: true }],
    ])('a handler that throws %s gives its code and message', async (how, expected) => {
      const answer = await ann.act({ id: '1', name: 'shop/fail', data: how });
      expect(answer).toEqual({ type: 'error', id: '1', temporary: false, ...expected });
      expect(log.errors).toEqual([]);
    });

    test.each([
      ['bug', 'secret of the implementation'],
      ['no-error', 'just a text'],
      ['internal', 'secret of the implementation'],
      ['no-code', 'sold_out'],
      ['no-time', 'NaN'],
      ['deep-details', 'deeper than 256 levels'],
    ])('R20: a handler that throws %s gives internal without the message, and logs once', async (how, logged) => {
      const answer = await ann.act({ id: '1', name: 'shop/fail', data: how });
      expect(answer).toEqual({
        type: 'error',
        id: '1',
        code: 'internal',
        message: 'Something failed on the server.',
        temporary: true,
      });
      expect(log.errors).toHaveLength(1);
      expect(log.errors[0]).toContain(logged);
      expect(log.errors[0]).toContain('Shop.fail');
    });

    test('R20: a handler that never settles, or whose observable never ends, gives timeout', async () => {
      for (const name of ['shop/forever', 'shop/endless']) {
        expect(await ann.act({ id: name, name })).toMatchObject({ type: 'error', code: 'timeout', temporary: true });
      }
      // app.close() waits for running handlers.
      shop.gate.complete();
    });

    test.each(['shop/circular', 'shop/deep'])(
      'the result of %s, which no client can read, gives internal',
      async (name) => {
        expect(await ann.act({ id: '1', name })).toMatchObject({ type: 'error', code: 'internal' });
        expect(log.errors).toHaveLength(1);
      },
    );

    test('an action without a handler is unknown', async () => {
      expect(await ann.act({ id: '1', name: 'shop/rob' })).toMatchObject({
        ...{ type: 'error', code: 'unknown_action' },
        message: expect.stringContaining('There is no handler for the action "shop/rob".'),
      });
    });
  });

  describe('acknowledged', () => {
    test('the last value of an observable is the result', async () => {
      expect(await ann.act({ id: '1', name: 'shop/stream' })).toEqual({ type: 'ack', id: '1', data: 3 });
    });

    test('without a result the acknowledgement has no data', async () => {
      expect(await ann.act({ id: '1', name: 'shop/nothing' })).toEqual({ type: 'ack', id: '1' });
    });

    test('the result is its JSON projection', async () => {
      const { data } = (await ann.act({ id: '1', name: 'shop/projection' })) as { data: unknown };
      expect(data).toEqual({ at: '1970-01-01T00:00:00.000Z', text: 'made' });
    });

    test('the ack has the positions of publications, but only of readable topics', async () => {
      await ann.read('counters/a');
      const answer = await ann.act({ id: '1', name: 'shop/count' });
      expect(answer).toEqual({
        type: 'ack',
        id: '1',
        positions: [{ topic: 'counters/a', epoch: expect.any(String), offset: expect.any(Number) }],
      });
    });
  });

  describe('deduplicated', () => {
    const order = { id: '1', name: 'shop/order', data: { item: 'sword', price: { amount: 3 } } };

    test('the same id again gets the first answer, and the handler runs once', async () => {
      const first = await ann.act(order);
      expect(await ann.act(order)).toEqual(first);
      expect(shop.calls).toHaveLength(1);
    });

    test('an error of the handler is stored like a result', async () => {
      const fail = { id: '1', name: 'shop/fail', data: 'realtime' };
      expect(await ann.act(fail)).toEqual(await ann.act(fail));
      expect(shop.calls).toHaveLength(1);
    });

    test('a timeout is stored: the handler does not start again', async () => {
      const first = await ann.act({ id: '1', name: 'shop/forever' });
      shop.gate.complete();
      expect(await ann.act({ id: '1', name: 'shop/forever' })).toEqual(first);
      expect(shop.calls).toEqual(['forever']);
    });

    test('a rejection before the start of the handler is not stored', async () => {
      expect(await ann.act({ ...order, data: {} })).toMatchObject({ code: 'validation_failed' });
      expect(await ann.act(order)).toMatchObject({ type: 'ack' });
    });

    test.each([
      ['another name', { id: '1', name: 'shop/nothing', data: { item: 'sword', price: { amount: 3 } } }],
      ['other data', { ...order, data: { item: 'axe', price: { amount: 3 } } }],
      ['no data', { id: '1', name: 'shop/order' }],
    ])('the same id with %s is a conflict', async (_, other) => {
      await ann.act(order);
      expect(await ann.act(other)).toMatchObject({ type: 'error', code: 'conflict', id: '1' });
      expect(shop.calls).toHaveLength(1);
    });

    test('until the client confirms the answer; a late copy then runs nothing', async () => {
      await ann.act(order);
      await ann.act({ id: '2', name: 'shop/nothing', answered: ['1', 'unknown'] });
      expect(await ann.act(order)).toMatchObject({ type: 'error', code: 'outcome_unknown', temporary: false });
      expect(shop.calls).toHaveLength(1);
    });

    test.each([
      ['another client of the user', 'ann', 'other-client-0123456789'],
      ['another user', 'bob', undefined],
      ['an anonymous client', undefined, undefined],
    ])('also after %s has confirmed the id', async (_, user, clientId) => {
      const first = await ann.act(order);
      const other = await TRANSPORTS.find(({ name }) => name === transport)!.open(arena, user, clientId);
      await other.act({ id: '2', name: 'shop/nothing', answered: ['1'] });
      expect(await ann.act(order)).toEqual(first);
      expect(shop.calls).toHaveLength(1);
    });

    test('until a poll confirms the answer', async () => {
      await ann.act(order);
      await post(
        arena,
        '/realtime/poll',
        { clientId: CLIENT_ID, topics: [], answered: ['1'] },
        { authorization: 'Bearer ann' },
      );
      expect(await ann.act(order)).toMatchObject({ type: 'error', code: 'outcome_unknown' });
      expect(shop.calls).toHaveLength(1);
    });

    test('the order of keys makes no difference', async () => {
      await ann.act(order);
      const { item, price } = order.data;
      expect(await ann.act({ ...order, data: { price, item } })).toMatchObject({ type: 'ack' });
      expect(shop.calls).toHaveLength(1);
    });

    test('a repetition on another transport shares the answer of the running action', async () => {
      const other = await TRANSPORTS.find(({ name }) => name !== transport)!.open(arena, 'ann');
      const answers = [ann.act({ id: '1', name: 'shop/wait' }), other.act({ id: '1', name: 'shop/wait' })];
      await untilTrue(() => shop.gate.observed);
      shop.gate.next();
      expect(await Promise.all(answers)).toEqual([
        { type: 'ack', id: '1', data: 1 },
        { type: 'ack', id: '1', data: 1 },
      ]);
    });

    test('A9: the same id from another user, an anonymous caller or another client is another action', async () => {
      const others = [
        await open(arena, 'bob'),
        await open(arena),
        await open(arena, 'ann', 'another-client-0123456789'),
      ];
      for (const caller of [ann, ...others]) expect(await caller.act(order)).toMatchObject({ type: 'ack' });
      expect(shop.calls).toHaveLength(4);
    });
  });
});
