import { createHash } from 'node:crypto';

import type { Json } from '@statewire/protocol';

import type { PresenceMember } from '../core/broker.js';
import type { CallerContext } from '../core/realtime-request.js';

/** A member of a topic as one node tells it to the broker. Several nodes may know the same one. */
export interface MemberRecord {
  /** Random; what readers know the member by. */
  readonly id: string;
  /** The same for the same member on every node. For servers only: whoever guesses a user's id could confirm it. */
  readonly key: string;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  readonly info?: Json;
}

/** A user counts once however many clients it has; a client without one counts for itself. */
export function memberKey({ identity, clientId }: Pick<CallerContext, 'identity' | 'clientId'>): string {
  const who = identity === undefined ? ['client', clientId] : ['user', identity.id];
  return createHash('sha256').update(JSON.stringify(who)).digest('base64url');
}

export function toPresenceMember({ id, ...info }: MemberRecord): PresenceMember {
  return { id, info };
}

/** @returns undefined for what is no member: nodes of another version may have written it. */
export function readPresenceMember({ id, info: told }: PresenceMember): MemberRecord | undefined {
  if (typeof told !== 'object' || told === null || !('key' in told)) return undefined;
  const { key, since, info } = told;
  if (typeof key !== 'string' || typeof since !== 'number') return undefined;
  return { id, key, since, ...(info === undefined ? {} : { info }) };
}
