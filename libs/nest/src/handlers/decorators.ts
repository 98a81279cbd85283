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
import type { HandlerDecorator, SentParameters } from './handler-decorator.js';

/** The metadata that `@OnTopic` and `@OnPresence` put on a method. */
export interface TopicMark {
  readonly topic: Pick<Topic, 'kind' | 'pattern' | 'rowKey'>;
}

/** The metadata that `@OnAction` puts on a method. */
export interface ActionMark {
  readonly action: Pick<Action, 'name'>;
  readonly parallel: boolean;
  /** Undefined means `limits.timeouts.actionMs`. */
  readonly timeout: number | undefined;
}

/** `true` on classes decorated with `@RealtimeHandlers`. */
export const HANDLERS_METADATA = 'statewire:handlers';
/** `TopicMark` of a method. */
export const TOPIC_METADATA = 'statewire:topic';
/** `TopicMark` of a method with `@OnPresence`. */
export const PRESENCE_METADATA = 'statewire:presence';
/** `ActionMark` of a method. */
export const ACTION_METADATA = 'statewire:action';

/**
 * Result of an `@OnTopic` handler. For a state topic: the first value, nothing, or a source. For an event topic:
 * nothing or a source. A source is an observable that is the only writer of the topic. `void` lets a handler do without
 * `return`.
 */
export type TopicResult<Value, Kind extends TopicKind> = Kind extends 'state'
  ? Value | undefined | void | Promise<Value | undefined | void> | Observable<Value>
  : undefined | void | Promise<undefined | void> | Observable<Value>;

/** Result of an `@OnPresence` handler: the info that readers see of a member, or nothing. */
export type PresenceResult<Info> = Info | undefined | void | Promise<Info | undefined | void>;

/** Result of an `@OnAction` handler: a value, a promise, or an observable whose last value counts. */
export type ActionResult<Result> = Result | Promise<Result> | Observable<Result>;

/** Options of `@OnAction`. */
export interface OnActionOptions {
  /** Runs this action in parallel with other actions of the connection instead of after them. Default false. */
  readonly parallel?: boolean;
  /** Milliseconds until the answer is `timeout`. Default `limits.timeouts.actionMs`. 0: no deadline. */
  readonly timeoutMs?: number;
}

/**
 * Marks a provider with handlers of topics (`@OnTopic`) and actions (`@OnAction`). Guards, pipes, interceptors and
 * filters of Nest apply to the class and to its methods. The class must not be request-scoped; `@Caller()` is the user.
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
  return applyDecorators(Injectable(), SetMetadata(HANDLERS_METADATA, true), declareHandlers as ClassDecorator);
}

/** The classes with `@RealtimeHandlers` that no application of this process has as a provider. */
const unprovided = new Set<Constructor>();
const declarationListeners = new Set<() => void>();

type Constructor = abstract new (...args: never[]) => unknown;

/** Records that an application has a provider of this class, and so of its base classes. */
export function recordProvided(type: object | null): void {
  for (let one = type; one !== null; one = Object.getPrototypeOf(one) as object | null)
    unprovided.delete(one as Constructor);
}

/** Returns the names of classes with `@RealtimeHandlers` that no application provides. Returns each name once. */
export function takeUnprovided(): readonly string[] {
  const names = [...unprovided].map(({ name }) => name);
  unprovided.clear();
  return names;
}

/** Calls the listener when a class with `@RealtimeHandlers` is loaded. Returns a function that stops the calls. */
export function onHandlersDeclared(listener: () => void): () => void {
  declarationListeners.add(listener);
  return () => void declarationListeners.delete(listener);
}

function declareHandlers(type: Constructor): void {
  unprovided.add(type);
  for (const listener of declarationListeners) listener();
}

/**
 * Loads the topics of a pattern. Guards and interceptors run for every subscriber and every poll. The method runs once
 * when a topic becomes active, with the parameters of the topic and without a caller. It and its observable also run
 * outside the `AsyncLocalStorage` contexts that guards enter. An interceptor may reject a caller; its result is
 * ignored, because a topic has one value for all its readers. The exception is `ClassSerializerInterceptor`: it shows
 * the same to every caller, so it also applies to loaded and published values, even as a global interceptor that
 * `globalEnhancers` leaves out.
 */
export function OnTopic<Value, Pattern extends string, Kind extends TopicKind>(
  topic: Topic<Value, Pattern, Kind>,
): HandlerDecorator<TopicResult<Value, Kind>, SentParameters<Pattern>> {
  const mark: TopicMark = { topic };
  return SetMetadata(TOPIC_METADATA, mark);
}

/**
 * Gives a topic a presence topic. The method runs once for each client that subscribes to the topic, with `@Caller()`
 * and `@TopicParams()`. It returns the info that every reader of the presence topic sees of this member, at most
 * `presence.infoBytes` of JSON. If it throws, the member has no info.
 *
 * Every reader of the topic may read its presence topic, unless guards of this method reject it.
 *
 * @example
 * ```ts
 * @OnPresence(spectators)
 * spectator(@Caller() player: Player | undefined): Spectator | undefined { return player && { name: player.name }; }
 * ```
 */
export function OnPresence<Info, Pattern extends string>(
  topic: PresenceTopic<Info, Pattern>,
): HandlerDecorator<PresenceResult<Info>> {
  const mark: TopicMark = { topic };
  return SetMetadata(PRESENCE_METADATA, mark);
}

/**
 * Handles an action, at most once for each id that a client sends. The result is the answer to the client. Keep it
 * below `limits.outbox.hardMarkBytes` (default 1 MiB): the server closes the connection of a larger answer with 4101.
 *
 * A handler that asks for data that the contract does not have does not compile. If a pipe makes the parameter, write
 * `@OnAction<unknown, Result>(…)`.
 */
export function OnAction<Data, Result>(
  action: Action<Data, Result>,
  options: OnActionOptions = {},
): HandlerDecorator<ActionResult<Result>, Data> {
  const mark: ActionMark = { action, parallel: options.parallel ?? false, timeout: options.timeoutMs };
  return SetMetadata(ACTION_METADATA, mark);
}

type Pipes = (Type<PipeTransform> | PipeTransform)[];
type ParameterArguments = [string, ...Pipes] | Pipes;

// These are Nest's own kinds of parameters, because ValidationPipe skips custom ones.

/**
 * The parameters of the topic. Nest validates them before the handler runs if the type is a DTO class.
 *
 * @example `load(@TopicParams() { battleId }: BattleParams)`
 */
export function TopicParams(...pipes: (Type<PipeTransform> | PipeTransform)[]): ParameterDecorator;
/**
 * One parameter of the topic, after the given pipes. It is a string without pipes.
 *
 * @example `load(@TopicParams('battleId', ParseUUIDPipe) battleId: string)`
 */
export function TopicParams(name: string, ...pipes: (Type<PipeTransform> | PipeTransform)[]): ParameterDecorator;
export function TopicParams(...args: ParameterArguments): ParameterDecorator {
  return Param(...(args as [string, ...Pipes]));
}

/**
 * The data of the action. Nest validates it before the handler runs if the type is a DTO class.
 *
 * @example `pause(@ActionData() { battleId }: PauseDto)`
 */
export function ActionData(...pipes: (Type<PipeTransform> | PipeTransform)[]): ParameterDecorator;
/**
 * One field of the data, after the given pipes; undefined if the data is no object with this field of its own.
 *
 * @example `pause(@ActionData('seconds', ParseIntPipe) seconds: number)`
 */
export function ActionData(field: string, ...pipes: (Type<PipeTransform> | PipeTransform)[]): ParameterDecorator;
export function ActionData(...args: ParameterArguments): ParameterDecorator {
  return Body(...(args as [string, ...Pipes]));
}

/** Marks `@Caller()` among the parameters of a method. */
export const callerFactory = (_: unknown, context: { getArgByIndex(index: number): RealtimeRequest }): unknown =>
  context.getArgByIndex(0).user;

/**
 * The user: the `user` that `authenticate` returned, or the value that a guard set as `request.user`. Undefined for
 * anonymous callers. Not available in `@OnTopic` handlers, because a topic has one value for all its readers.
 */
export const Caller: () => ParameterDecorator = createParamDecorator(callerFactory);
