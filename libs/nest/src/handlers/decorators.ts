import {
  applyDecorators,
  Body,
  createParamDecorator,
  Injectable,
  Param,
  SetMetadata,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import type { Action, PresenceTopic, Topic, TopicKind } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import type { RealtimeRequest } from '../core/realtime-request.js';

/** The metadata that `@OnTopic` and `@OnPresence` put on a method. */
export interface TopicMark {
  readonly topic: Pick<Topic, 'kind' | 'pattern'>;
}

/** The metadata that `@OnAction` puts on a method. */
export interface ActionMark {
  readonly action: Pick<Action, 'name'>;
  readonly parallel: boolean;
  /** Undefined: `limits.actionTimeout`. */
  readonly timeout: number | undefined;
}

/** `true` on classes decorated with `@RealtimeHandlers`. */
export const HANDLERS_METADATA = 'statewire:handlers';
/** `TopicMark` of a method. */
export const TOPIC_METADATA = 'statewire:topic';
/** `TopicMark` of a method: of the presence topic. */
export const PRESENCE_METADATA = 'statewire:presence';
/** `ActionMark` of a method. */
export const ACTION_METADATA = 'statewire:action';

type MaybePromise<T> = T | Promise<T>;
// `void` lets a handler do without a return statement.
type Nothing = undefined | void;

/**
 * What a handler of a topic returns. State topics: the first value, nothing, or an observable that is the topic's one
 * writer. Event topics: nothing, or such an observable.
 */
export type TopicResult<Value, Kind extends TopicKind> = Kind extends 'state'
  ? MaybePromise<Value | Nothing> | Observable<Value>
  : MaybePromise<Nothing> | Observable<Value>;

/** What is shown of somebody who follows a topic; nothing where it is nobody's business. */
export type PresenceResult<Info> = MaybePromise<Info | Nothing>;

/** What a handler of an action returns: its result now, later, or as the last value of an observable. */
export type ActionResult<Result> = MaybePromise<Result> | Observable<Result>;

/** Decorates methods whose result fits; any other method does not compile. */
type MethodDecoratorFor<Result> = <Method extends (...parameters: never[]) => Result>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/** Options of `@OnAction`. */
export interface OnActionOptions {
  /** Runs beside other actions of the same connection instead of after them. Default false. */
  readonly parallel?: boolean;
  /** Milliseconds until the caller is answered `timeout`. Default `limits.actionTimeout`; 0: never. */
  readonly timeout?: number;
}

/**
 * A provider whose methods answer topics (`@OnTopic`) and actions (`@OnAction`). Guards, pipes, interceptors and
 * filters of Nest apply to the class and to its methods. Never request-scoped: the caller is `@Caller()`.
 *
 * @example
 * ```ts
 * @RealtimeHandlers()
 * export class BattleRealtime {
 *   @OnTopic(battle)
 *   load(@TopicParams() { battleId }: BattleParams) { return this.battles.snapshot(battleId); }
 *
 *   @OnAction(pause) @UseGuards(PlayerGuard)
 *   pause(@ActionData() dto: PauseBattleDto, @Caller() player: Player) { return this.battles.pause(dto, player); }
 * }
 * ```
 */
export function RealtimeHandlers(): ClassDecorator {
  return applyDecorators(Injectable(), SetMetadata(HANDLERS_METADATA, true));
}

/**
 * Brings topics of a pattern to life. Guards and interceptors run for every subscriber and every poll; the method runs
 * once per activation of a topic, with the topic's parameters and no caller. An interceptor may refuse a caller; what it
 * makes of the result is ignored, because a topic has one value for all who may read it.
 */
export function OnTopic<Value, Pattern extends string, Kind extends TopicKind>(
  topic: Topic<Value, Pattern, Kind>,
): MethodDecoratorFor<TopicResult<Value, Kind>> {
  const mark: TopicMark = { topic };
  return SetMetadata(TOPIC_METADATA, mark);
}

/**
 * Lets a topic be asked who follows it. The method is called once for each client that comes to follow the topic, with
 * `@Caller()` and `@TopicParams()`, and returns what all readers may see of it: never more than they may know. What it
 * returns is bounded by `presence.infoBytes`; where it throws, the member is shown without.
 *
 * Who may follow the topic may read who else does, unless guards of this method refuse.
 *
 * @example
 * ```ts
 * @OnPresence(spectators)
 * spectator(@Caller() player: Player | undefined): Spectator | undefined { return player && { name: player.name }; }
 * ```
 */
export function OnPresence<Info, Pattern extends string>(
  topic: PresenceTopic<Info, Pattern>,
): MethodDecoratorFor<PresenceResult<Info>> {
  const mark: TopicMark = { topic };
  return SetMetadata(PRESENCE_METADATA, mark);
}

/** Runs an action, at most once for each id a client sends. Its result is the answer to the client. */
export function OnAction<Data, Result>(
  action: Action<Data, Result>,
  options: OnActionOptions = {},
): MethodDecoratorFor<ActionResult<Result>> {
  const mark: ActionMark = { action, parallel: options.parallel ?? false, timeout: options.timeout };
  return SetMetadata(ACTION_METADATA, mark);
}

type Pipe = Type<PipeTransform> | PipeTransform;

// Nest's own kinds of parameters, because ValidationPipe leaves custom ones alone.

/** The parameters of the topic. With a DTO class as its type they are validated before the handler runs. */
export function TopicParams(...pipes: Pipe[]): ParameterDecorator {
  return Param(...pipes);
}

/** The data of the action. With a DTO class as its type it is validated before the handler runs. */
export function ActionData(...pipes: Pipe[]): ParameterDecorator {
  return Body(...pipes);
}

/** Finds `@Caller()` among the parameters of a method. */
export const callerFactory = (_: unknown, context: { getArgByIndex(index: number): RealtimeRequest }): unknown =>
  context.getArgByIndex(0).user;

/**
 * The user that asks: what `authenticate` returned, or what a guard put on `request.user`. Undefined for anonymous
 * callers. Only in handlers of actions: a topic has one value for all who may read it.
 */
export const Caller: () => ParameterDecorator = createParamDecorator(callerFactory);
