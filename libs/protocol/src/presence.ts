import { ContractError } from './contract-error.js';
import { isTopicName, MAX_TOPIC_SEGMENTS, RESERVED_SEGMENT } from './topic-name.js';
import type { StateTopic, Topic } from './topic.js';

/** Somebody who follows a topic: a user, or a client nobody is signed in on. */
export interface PresentMember<Info = unknown> {
  /** Names the member while it is there. Random: it says nothing of who that is, and is another one in every topic. */
  readonly id: string;
  /** What the application shows of the member; absent where it shows nothing. */
  readonly info?: Info;
}

/** Who follows a topic now, or did a moment ago and may be on the way back. */
export interface Presence<Info = unknown> {
  /** All of them, those that are not listed included. */
  readonly count: number;
  /** Up to a limit of the server's; who is shown with `info` comes before who is not. A member keeps its place. */
  readonly members: readonly PresentMember<Info>[];
}

/** The state topic that says who follows another topic. */
export type PresenceTopic<Info = unknown, Pattern extends string = string> = StateTopic<
  Presence<Info>,
  `presence/${Pattern}`
>;

const PREFIX = `${RESERVED_SEGMENT}/`;

/**
 * Declares who follows a topic as a topic of its own, with the same parameters. The server has to say what it shows of
 * each: `@OnPresence` of `@statewire/nest`.
 *
 * @throws ContractError where the topic is a presence topic itself, or has so many segments that there is no room.
 * @example
 * const spectators = presenceTopic<Spectator>()(battle);
 * spectators.with({ battleId: '42' }).name // presence/battles/42
 */
export function presenceTopic<Info>(): <const Pattern extends string>(
  followed: Topic<unknown, Pattern>,
) => PresenceTopic<Info, Pattern> {
  return (followed) => {
    const { parameters } = followed;
    const pattern = `${RESERVED_SEGMENT}/${followed.pattern}` as const;
    if (followed.pattern.startsWith(PREFIX)) throw new ContractError(`"${followed.pattern}" says who follows already.`);
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

/** @returns the topic that a presence topic is about: `battles/42` for `presence/battles/42`; undefined for others. */
export function topicOfPresence(name: string): string | undefined {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
}

/** @throws ContractError where the name would be too long. */
function presenceName(followed: string): string {
  const name = PREFIX + followed;
  if (!isTopicName(name)) throw new ContractError(`The name "${followed}" is too long for a presence topic.`);
  return name;
}
