import { describe, expect, test } from '@jest/globals';
import { ParseIntPipe } from '@nestjs/common';
import { action, stateTopic } from '@statewire/protocol';

import type { RealtimeRequest } from '../core/realtime-request.js';
import { ACTION_METADATA, ActionData, Caller, OnAction, OnTopic, RealtimeHandlers, TopicParams } from './decorators.js';

interface Item {
  readonly sku: string;
  readonly count: number;
}

enum Mode {
  Day = 'day',
  Night = 'night',
}

const order = action<
  {
    readonly orderId: string;
    readonly mode: 'day' | 'night';
    readonly items: readonly Item[];
    readonly at?: string;
    readonly note?: string | null;
  },
  void
>('order');
const ping = action<undefined, void>('ping');
const empty = action<Record<string, never>, void>('empty');
const say = action<string, void>('say');
const pick = action<{ readonly type: 'a'; readonly a: number } | { readonly type: 'b'; readonly b: string }, void>(
  'pick',
);
const anything = action('anything');
const room = stateTopic<number>()('shops/:shopId/rooms/:roomId');
const lobby = stateTopic<number>()('lobby');

interface User {
  readonly id: string;
  readonly name: string;
}

class OrderDto {
  orderId!: string;
  mode!: Mode;
  items!: { sku: string; count?: number }[];
  at?: Date;
  limit?: number;
}

class OtherDto {
  order!: string;
}

class OtherTypeDto {
  orderId!: number;
}

class OtherItemDto {
  items!: { name: string }[];
}

class PickDto {
  type!: 'a' | 'b';
  a?: number;
  b?: string;
}

class Entity {
  id = 1;
  save(): void {
    this.id = 2;
  }
}

/** The type check is part of the test: an unnecessary `ts-expect-error` fails it. */
@RealtimeHandlers()
class Fitting {
  @OnAction(order)
  dto(@ActionData() dto: OrderDto, @Caller() _user: User | undefined): void {
    void dto;
  }

  @OnAction(order)
  contract(@ActionData() { orderId }: { readonly orderId: string }): void {
    void orderId;
  }

  @OnAction(order)
  field(@Caller() _user: User, @ActionData('orderId', ParseIntPipe) _id: number): void {
    void _id;
  }

  @OnAction(order)
  entity(@ActionData('orderId') _entity: Entity, @Caller() _user: User): void {
    void _entity;
  }

  @OnAction(order)
  request(request: RealtimeRequest): void {
    void request;
  }

  @OnAction(order)
  unchecked(@ActionData() data: unknown): void {
    void data;
  }

  @OnAction(order)
  nothing(): void {}

  @OnAction<unknown, void>(order)
  loaded(@ActionData('orderId') _loaded: { readonly total: number }): void {
    void _loaded;
  }

  @OnAction(ping)
  ping(@Caller() _user: User): void {
    void _user;
  }

  @OnAction(empty)
  empty(@Caller() _user: User): void {
    void _user;
  }

  @OnAction(say)
  say(@ActionData() _text: string): void {
    void _text;
  }

  @OnAction(pick)
  pick(@ActionData() _data: PickDto): void {
    void _data;
  }

  @OnAction(anything)
  anything(@ActionData() _dto: OtherDto): void {
    void _dto;
  }

  @OnTopic(room)
  all(@TopicParams() { shopId, roomId }: { readonly shopId: string; readonly roomId: number }): number {
    return shopId.length + roomId;
  }

  @OnTopic(room)
  one(@TopicParams('roomId', ParseIntPipe) roomId: number): number {
    return roomId;
  }

  @OnTopic<number, string, 'state'>(room)
  loadedRoom(@TopicParams('roomId') { total }: { readonly total: number }): number {
    return total;
  }

  @OnTopic(lobby)
  lobby(): number {
    return 1;
  }
}

@RealtimeHandlers()
class Misfitting {
  // @ts-expect-error the client does not send "order"
  @OnAction(order)
  other(@ActionData() _dto: OtherDto): void {
    void _dto;
  }

  // @ts-expect-error neither parameter is the data
  @OnAction(order)
  withUser(@ActionData() _dto: OtherDto, @Caller() _user: User): void {
    void _dto;
  }

  // @ts-expect-error the client sends a string
  @OnAction(order)
  otherType(@ActionData() _dto: OtherTypeDto): void {
    void _dto;
  }

  // @ts-expect-error an item has no name
  @OnAction(order)
  otherItem(@ActionData() _dto: OtherItemDto): void {
    void _dto;
  }

  // @ts-expect-error the client sends one object
  @OnAction(order)
  list(@ActionData() _dto: readonly PickDto[]): void {
    void _dto;
  }

  // @ts-expect-error the client sends a string
  @OnAction(say)
  say(@ActionData() _dto: { readonly text: string }): void {
    void _dto;
  }

  // @ts-expect-error the pattern has no "id"
  @OnTopic(room)
  params(@TopicParams() { id }: { readonly id: string }): number {
    return id.length;
  }
}

describe('a handler whose parameters do not fit the contract', () => {
  test('does not compile, and the types change nothing at run time', () => {
    expect(Reflect.getMetadata(ACTION_METADATA, Fitting.prototype.dto)).toMatchObject({ action: order });
    expect(Reflect.getMetadata(ACTION_METADATA, Misfitting.prototype.other)).toMatchObject({ action: order });
  });
});
