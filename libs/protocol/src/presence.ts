import { ContractError } from './contract-error.js';
import type { JsonCompatible } from './json-compatible.js';
import { isTopicName, MAX_TOPIC_SEGMENTS, RESERVED_SEGMENT } from './topic-name.js';
import type { StateTopic, Topic } from './topic.js';

/** A follower of a topic: a user, or an anonymous client. */
export interface PresentMember<Info = unknown> {
  /** A random id, stable while the member is present. It reveals no identity and differs from topic to topic. */
  readonly id: string;
  /** The data that the application shows about the member. Absent if it shows nothing. */
  readonly info?: Info;
}

/** The followers of a topic, including those that left less than the grace period ago. */
export interface Presence<Info = unknown> {
  /** The number of all members, listed or not. */
  readonly count: number;
  /** The listed members, up to a limit of the server. Members with `info` come first. A member keeps its place. */
  readonly members: readonly PresentMember<Info>[];
}

/** The state topic that lists the followers of another topic. */
export type PresenceTopic<Info = unknown, Pattern extends string = string> = StateTopic<
  Presence<Info>,
  `presence/${Pattern}`
>;

const PREFIX = `${RESERVED_SEGMENT}/`;

/**
 * Declares the presence topic of a topic, with the same parameters. On the server, `@OnPresence` of `@statewire/nest`
 * defines the `info` of each member.
 *
 * @throws ContractError if the topic is a presence topic itself, or if the name would have too many segments.
 * @example
 * const spectators = presenceTopic<Spectator>()(battle);
 * spectators.with({ battleId: '42' }).name // presence/battles/42
 */
export function presenceTopic<Info extends JsonCompatible<Info> = unknown>(): <const Pattern extends string>(
  followed: Topic<unknown, Pattern>,
) => PresenceTopic<Info, Pattern> {
  return (followed) => {
    const { parameters } = followed;
    const pattern = `${RESERVED_SEGMENT}/${followed.pattern}` as const;
    if (followed.pattern.startsWith(PREFIX))
      throw new ContractError(`"${followed.pattern}" is a presence topic itself.`);
    if (pattern.split('/').length > MAX_TOPIC_SEGMENTS) {
      throw new ContractError(`"${followed.pattern}" has too many segments for a presence topic: it needs one more.`);
    }
    const nameOf = (values: unknown[]) => followed.with(...(values as Parameters<typeof followed.with>)).name;
    return {
      kind: 'state',
      pattern,
      parameters,
      with: (...values: unknown[]) => ({ kind: 'state', pattern, name: presenceName(nameOf(values)) }),
    };
  };
}

/** Returns the name of the followed topic: `battles/42` for `presence/battles/42`; undefined for other topics. */
export function topicOfPresence(name: string): string | undefined {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
}

/** @throws ContractError if the name would be too long. */
function presenceName(followed: string): string {
  const name = PREFIX + followed;
  if (!isTopicName(name)) throw new ContractError(`The name "${followed}" is too long for a presence topic.`);
  return name;
}
