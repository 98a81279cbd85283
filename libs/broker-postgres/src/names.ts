import { createHash } from 'node:crypto';

import { topicLease } from '@statewire/nest';

/** Number of channels that all topics share. */
const TOPIC_CHANNELS = 16;
const LONGEST_PLAIN_NAME = 300;
const LEASE_OF_TOPIC = topicLease('');

/** The channel of the messages to the listeners of a topic. `schema.sql` finds it in the same way. */
export function topicChannel(schema: string, topic: string): string {
  const [first = 0] = createHash('sha256').update(topic).digest();
  return `${schema}:${first % TOPIC_CHANNELS}`;
}

/** The channel for messages to one node. */
export function nodeChannel(schema: string, node: string): string {
  return `${schema}:n:${node}`;
}

/** The channel for the ends of leases and claims. */
export function wakeChannel(schema: string): string {
  return `${schema}:w`;
}

/**
 * The key of a lease. Applications may choose any name, and the server has no character 0 and limits the length of a key, so others are
 * digests.
 */
export function leaseKey(name: string): string {
  if (name.startsWith(LEASE_OF_TOPIC)) return name;
  return name.length <= LONGEST_PLAIN_NAME && /^[\x20-\x22\x24-\x7e][\x20-\x7e]*$/.test(name) ? name : digestOf(name);
}

/** The key of a claim or a member. Clients choose the names, so they are digests. */
export function digestOf(name: string): string {
  return `#${createHash('sha256').update(name).digest('base64url')}`;
}
