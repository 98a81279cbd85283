/** `state`: the latest value matters. `events`: every publication matters. */
export type TopicKind = 'state' | 'events';

/** Names of the `:parameters` of a pattern, as a union of string literals. */
export type ParameterNames<Pattern extends string> = Pattern extends `${infer Head}/${infer Rest}`
  ? ParameterNames<Head> | ParameterNames<Rest>
  : Pattern extends `:${infer Name}`
    ? Name
    : never;

/** The parameters of a pattern: `{ battleId: string }` for `battles/:battleId`. */
export type TopicParameters<Pattern extends string> = { readonly [Name in ParameterNames<Pattern>]: string };

/** One concrete topic, typed by its contract. Made by {@link Topic.with}; the one spelling used on both sides. */
export interface TopicReference<Value = unknown, Kind extends TopicKind = TopicKind> {
  readonly kind: Kind;
  /** The name on the wire, for example `battles/42`. */
  readonly name: string;
  /** The pattern it was made from, for example `battles/:battleId`. */
  readonly pattern: string;
  /** Carries the type only; never present at run time. */
  readonly __value?: Value;
}

/** A topic of the contract: a pattern with typed parameters and a typed value. */
export interface Topic<Value = unknown, Pattern extends string = string, Kind extends TopicKind = TopicKind> {
  readonly kind: Kind;
  readonly pattern: Pattern;
  /** Names of the parameters in the order of the pattern. */
  readonly parameters: readonly string[];
  /**
   * The topic with its parameters filled in: `battle.with({ battleId: '42' })`, `lobby.with()`.
   *
   * @throws ContractError when a parameter does not fit a segment.
   */
  with(
    ...parameters: [ParameterNames<Pattern>] extends [never] ? [] : [parameters: TopicParameters<Pattern>]
  ): TopicReference<Value, Kind>;
  /** Carries the type only; never present at run time. */
  readonly __value?: Value;
}

export type StateTopic<Value = unknown, Pattern extends string = string> = Topic<Value, Pattern, 'state'>;
export type EventTopic<Value = unknown, Pattern extends string = string> = Topic<Value, Pattern, 'events'>;
