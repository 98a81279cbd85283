import type { Spectator } from '@statewire/arena';
import { DAMAGE_TYPES, type DamageType } from '@statewire/arena';
import type { Presence } from '@statewire/protocol';

/** A spectator with a name. */
interface Watcher {
  readonly id: string;
  readonly name: string;
  readonly initials: string;
  /** A colour of the Arena. A player always has the same one. */
  readonly tint: DamageType;
  readonly isSelf: boolean;
}

/** The spectators of a battle as the page shows them. */
export interface Watchers {
  readonly count: number;
  readonly named: readonly Watcher[];
  /** The number of spectators without a name or outside the list: "2 guests", "900 more". */
  readonly others: string;
}

/**
 * Describes the members of the presence topic.
 *
 * @param selfId id of the player of this page; undefined without a player.
 */
export function watchersOf({ count, members }: Presence<Spectator>, selfId: string | undefined): Watchers {
  const named = members.flatMap(({ id, info }) => (info === undefined ? [] : [toWatcher(id, info, selfId)]));
  const rest = count - named.length;
  return { count, named, others: restWords(rest, members.length < count, selfId === undefined) };
}

function toWatcher(id: string, { name, playerId }: Spectator, selfId: string | undefined): Watcher {
  const tint = DAMAGE_TYPES[sumOf(playerId) % DAMAGE_TYPES.length] ?? 'Light';
  return { id, name, initials: initialsOf(name), tint, isSelf: playerId === selfId };
}

function restWords(rest: number, someUnlisted: boolean, isGuest: boolean): string {
  if (rest <= 0) return '';
  if (someUnlisted) return `${rest} more`;
  if (rest === 1) return isGuest ? '1 guest (you)' : '1 guest';
  return isGuest ? `${rest} guests (you are one)` : `${rest} guests`;
}

/** Returns the first characters of the first and the last word. */
function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? '')][0] ?? '');
  return letters.join('').toUpperCase();
}

function sumOf(text: string): number {
  let sum = 0;
  for (const character of text) sum += character.codePointAt(0) ?? 0;
  return sum;
}
