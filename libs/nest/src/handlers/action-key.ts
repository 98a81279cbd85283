import { createHash } from 'node:crypto';

import type { Json } from '@statewire/protocol';

import type { Invocation } from './dispatcher.js';
import type { CallerContext } from '../core/realtime-request.js';

/** What one action of one caller is known by on every node and transport. Injective; anonymous is no identity's id. */
export function actionKey({ identity, clientId }: CallerContext, id: string): string {
  return JSON.stringify([identity?.id ?? null, clientId, id]);
}

/** Whose share of a broker's memory an action takes: its user's, or its address's, because client ids cost nothing. */
export function shareKey({ identity, ip }: CallerContext): string {
  return identity ? `user ${identity.id}` : `address ${ip}`;
}

/** A digest of an action's name and data, the same for equal JSON whatever the order of its keys. */
export function fingerprint({ name, data }: Pick<Invocation, 'name' | 'data'>): string {
  const text = JSON.stringify(data === undefined ? [name] : [name, data], sortKeys);
  return createHash('sha256').update(text).digest('base64url');
}

function sortKeys(_key: string, value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
