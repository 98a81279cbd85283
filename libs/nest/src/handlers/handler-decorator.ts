import type { CompilerAdvice, JsonCompatible, TopicParameters } from '@statewire/protocol';

import type { RealtimeRequest } from '../core/realtime-request.js';

/**
 * A decorator for methods with this result that can take what the client sends. Other methods do not compile. `Sent` is
 * the data of the action or the parameters of the topic; `unknown` lets every parameter pass.
 */
export type HandlerDecorator<Result, Sent = unknown> = <Method extends (...parameters: never[]) => Result>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method> & ParametersAdvice<Parameters<Method>, Sent>,
) => void;

/** The parameters of a topic, of any type: a pipe or `class-transformer` may make numbers of them. */
export type SentParameters<Pattern extends string> = string extends Pattern
  ? unknown
  : { readonly [Name in keyof TopicParameters<Pattern>]: unknown };

/*
 * The compiler knows the parameters of a method, and not their decorators. So it advises only if one parameter is an
 * object of data that the client does not send, and no other parameter can be what the client sends.
 */
type ParametersAdvice<List extends readonly unknown[], Sent> = unknown extends Sent
  ? unknown
  : [FieldOf<Exclude<Sent, Absent>, KeyOf<Sent>>] extends [never]
    ? unknown
    : AdviceOf<{ [Index in keyof List]: Verdict<List[Index], Exclude<Sent, Absent>> }[number]>;

type AdviceOf<V> = 'fits' extends V
  ? unknown
  : [Exclude<V, 'neutral'>] extends [never]
    ? unknown
    : CompilerAdvice<`${Exclude<V, 'neutral'> & string} If a pipe makes this parameter, write @OnAction<unknown, Result>(…) or @OnTopic<Value, string, Kind>(…).`>;

type Verdict<Parameter, Sent> = unknown extends Parameter
  ? 'fits'
  : [Sent] extends [Parameter]
    ? 'fits'
    : RealtimeRequest extends Parameter
      ? 'fits'
      : VerdictOfKind<KindOf<Exclude<Parameter, Absent>>, Exclude<Parameter, Absent>, Sent>;

// A pipe makes what has no JSON. A parameter of a primitive type may be one field of the data, after its pipes.
type VerdictOfKind<Kind, Parameter, Sent> = 'made' extends Kind
  ? 'fits'
  : 'object' extends Kind
    ? FitOf<Problem<Parameter, Sent>>
    : [Extract<KindOf<Sent>, Kind | 'object' | 'any'>] extends [never]
      ? 'neutral'
      : 'fits';

type FitOf<P> = [P] extends [never] ? 'fits' : P;

/** What the parameter needs and the client does not send. `Path` leads to it. */
type Problem<Parameter, Sent, Path extends string = '', Level extends 0[] = []> = Level['length'] extends 4
  ? never
  : Parameter extends readonly (infer Item)[]
    ? [Extract<Sent, readonly unknown[]>] extends [never]
      ? `The client does not send an array${Path extends '' ? '' : ` as "${Path}"`}.`
      : FieldProblem<Item, Extract<Sent, readonly unknown[]>[number], `${Path}[]`, [...Level, 0]>
    : {
        [Key in keyof Parameter & string]-?: Key extends KeyOf<Sent>
          ? FieldProblem<Parameter[Key], FieldOf<Sent, Key>, Path extends '' ? Key : `${Path}.${Key}`, [...Level, 0]>
          : undefined extends Parameter[Key]
            ? never
            : `The client does not send "${Path extends '' ? Key : `${Path}.${Key}`}".`;
      }[keyof Parameter & string];

type FieldProblem<Field, Sent, Path extends string, Level extends 0[]> = KindProblem<
  KindOf<Exclude<Field, Absent>>,
  KindOf<Exclude<Sent, Absent>>,
  Path,
  Problem<Extract<Field, object>, Extract<Sent, object>, Path, Level>
>;

type KindProblem<Kind, SentKind, Path extends string, Inner> = [Extract<Kind | SentKind, 'any' | 'made'>] extends [
  never,
]
  ? [Extract<Kind, SentKind>] extends [never]
    ? `"${Path}" has another type in the contract.`
    : 'object' extends Kind & SentKind
      ? Inner
      : never
  : never;

type Absent = null | undefined | void;
type KeyOf<Sent> = Sent extends unknown ? keyof Sent : never;
type FieldOf<Sent, Key> = Sent extends unknown ? (Key extends keyof Sent ? Sent[Key] : never) : never;

type KindOf<T> = unknown extends T
  ? 'any'
  : T extends string
    ? 'string'
    : T extends number
      ? 'number'
      : T extends boolean
        ? 'boolean'
        : T extends object
          ? [T] extends [JsonCompatible<T>]
            ? 'object'
            : 'made'
          : 'made';
