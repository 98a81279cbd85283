import { createHash } from 'node:crypto';

import type { Json } from '@statewire/protocol';

import type { Invocation } from './dispatcher.js';
import type { CallerContext } from '../core/realtime-request.js';

/** Key of one action of one caller, equal on every node and transport. Injective; no user id equals the anonymous one. */
export function actionKey({ identity, clientId }: CallerContext, id: string): string {
  return JSON.stringify([identity?.id ?? null, clientId, id]);
}

/** The caller whose share of the broker's memory the action uses: the user, or the address, because client ids are free. */
export function shareKey({ identity, ip }: CallerContext): string {
  return identity ? `user ${identity.id}` : `address ${ip}`;
}

/** Digest of the name and data of an action. Equal for equal JSON in any order of keys. */
export function fingerprint({ name, data }: Pick<Invocation, 'name' | 'data'>): string {
  const text = JSON.stringify(data === undefined ? [name] : [name, data], sortKeys);
  return createHash('sha256').update(text).digest('base64url');
}

function sortKeys(_key: string, value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
