import type { CompilerAdvice } from './compiler-advice.js';
import type { JsonCompatible } from './json-compatible.js';
import { fillPattern, parsePattern } from './topic-pattern.js';

/** `state`: the latest value matters. `events`: every publication matters. */
export type TopicKind = 'state' | 'events';

/** The names of the `:parameters` of a pattern, as a union of string literals. */
export type ParameterNames<Pattern extends string> = Pattern extends `${infer Head}/${infer Rest}`
  ? ParameterNames<Head> | ParameterNames<Rest>
  : Pattern extends `:${infer Name}`
    ? Name
    : never;

/** The parameters of a pattern: `{ battleId: string }` for `battles/:battleId`. */
export type TopicParameters<Pattern extends string> = { readonly [Name in ParameterNames<Pattern>]: string };

/** The arguments of {@link Topic.with}: none for a pattern without parameters, else {@link TopicParameters}. */
export type TopicArguments<Pattern extends string> = string extends Pattern
  ? [parameters?: Readonly<Record<string, string>>]
  : [ParameterNames<Pattern>] extends [never]
    ? []
    : [parameters: TopicParameters<Pattern>];

/** One topic with all parameters filled in, typed by its contract. {@link Topic.with} creates it. */
export interface TopicReference<Value = unknown, Kind extends TopicKind = TopicKind> {
  /** The kind of the topic in the contract. */
  readonly kind: Kind;
  /** The name on the wire, for example `battles/42`. */
  readonly name: string;
  /** The pattern of the topic, for example `battles/:battleId`. */
  readonly pattern: string;
  /** See {@link StateTopicOptions}. */
  readonly rowKey?: string;
  /** Carries the type only. Never present at run time. */
  readonly __value?: Value;
}

/** A topic of the contract: a pattern with typed parameters and a typed value. */
export interface Topic<Value = unknown, Pattern extends string = string, Kind extends TopicKind = TopicKind> {
  /** Decides what followers get: the latest value, or every publication. */
  readonly kind: Kind;
  /** The name with `:parameters`, for example `battles/:battleId`. */
  readonly pattern: Pattern;
  /** The names of the parameters in the order of the pattern. */
  readonly parameters: readonly string[];
  /** See {@link StateTopicOptions}. */
  readonly rowKey?: string;
  /**
   * Fills the parameters in: `battle.with({ battleId: '42' })`, `lobby.with()`.
   *
   * @throws ContractError if a parameter is not a valid segment.
   */
  with(...parameters: TopicArguments<Pattern>): TopicReference<Value, Kind>;
  /** Never present. {@link with} returns a reference that has a name. */
  readonly name?: CompilerAdvice<'Call .with(…) on the topic to get a reference. It takes the parameters of the topic.'>;
  /** Carries the type only. Never present at run time. */
  readonly __value?: Value;
}

/** A topic of the kind `state`. {@link stateTopic} creates it. */
export type StateTopic<Value = unknown, Pattern extends string = string> = Topic<Value, Pattern, 'state'>;
/** A topic of the kind `events`. {@link eventTopic} creates it. */
export type EventTopic<Value = unknown, Pattern extends string = string> = Topic<Value, Pattern, 'events'>;

/** Options of a state topic. */
export interface StateTopicOptions {
  /**
   * Name of the field that identifies the rows of the lists in the value, so that a patch moves a row instead of
   * repeating it. It applies to each list of objects in which every row has its own text or number in this field. Other
   * lists, and topics without this option, use `id`, `key` or `_id` in the same way, and compare the content of rows
   * without these.
   */
  readonly rowKey?: string;
}

/**
 * Declares a state topic: the latest value matters, and followers get a snapshot, then patches. The second pair of
 * parentheses lets the caller give the type of the value while TypeScript infers the type of the pattern.
 *
 * @throws ContractError if the pattern is malformed.
 * @example const battle = stateTopic<BattleSnapshot>()('battles/:battleId');
 * @example const stock = stateTopic<Stock>()('stock', { rowKey: 'sku' });
 */
export function stateTopic<Value extends JsonCompatible<Value> = unknown>(): <const Pattern extends string>(
  pattern: Pattern,
  options?: StateTopicOptions,
) => StateTopic<Value, Pattern> {
  return (pattern, options) => createTopic('state', pattern, options);
}

/**
 * Declares an event topic: every publication matters, and the topic is an ordered log with a bounded history.
 *
 * @throws ContractError if the pattern is malformed.
 * @example const notices = eventTopic<Notice>()('players/:playerId/notifications');
 */
export function eventTopic<Value extends JsonCompatible<Value> = unknown>(): <const Pattern extends string>(
  pattern: Pattern,
) => EventTopic<Value, Pattern> {
  return (pattern) => createTopic('events', pattern);
}

function createTopic<Value, Pattern extends string, Kind extends TopicKind>(
  kind: Kind,
  pattern: Pattern,
  { rowKey }: StateTopicOptions = {},
): Topic<Value, Pattern, Kind> {
  const segments = parsePattern(pattern);
  const rows = rowKey === undefined ? {} : { rowKey };
  return {
    kind,
    pattern,
    ...rows,
    parameters: segments.flatMap((segment) => (segment.type === 'parameter' ? [segment.name] : [])),
    with: (parameters: object = {}) => ({ kind, pattern, ...rows, name: fillPattern(pattern, segments, parameters) }),
  };
}
