import { createHash } from 'node:crypto';

import { topicLease } from '@statewire/nest';

/**
 * The hash tags of the 64 partitions. Each tag lies in its own 64th of the slots of Redis Cluster, so that the partitions
 * spread evenly over the masters of a cluster. A single server uses the same tags, so that a move renames no key.
 */
export const TAGS: readonly number[] = [
  10, 18, 113, 342, 29, 21, 3, 122, 69, 61, 72, 162, 50, 58, 153, 43, 11, 19, 112, 343, 28, 20, 2, 123, 68, 60, 73, 163,
  51, 59, 152, 42, 12, 102, 111, 119, 133, 23, 1, 9, 173, 63, 70, 78, 52, 142, 49, 41, 13, 103, 110, 118, 132, 22, 0, 8,
  172, 62, 71, 79, 53, 143, 48, 40,
];

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

/** The CRC16 by which Redis Cluster finds the slot of a key: its slot is `crc16(tag) % 16384`. */
export function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) crc = ((crc << 8) ^ CRC_TABLE[((crc >> 8) ^ byte) & 0xff]!) & 0xffff;
  return crc;
}

/** The keys of one topic. All lie in one partition. */
export interface TopicKeys {
  /** Index of the partition in {@link TAGS}. */
  readonly partition: number;
  /** Hash: position, newest id, lineage, keyframe. */
  readonly record: string;
  /** Stream: the publications. The id of an entry is `<offset>-0`. */
  readonly log: string;
  /** Hash: the lease of the topic. */
  readonly lease: string;
  /** Channel of the messages to listeners. */
  readonly channel: string;
  /** Hash: the members. */
  readonly presence: string;
}

const MAX_CACHED = 10_000;
const LEASE_OF_TOPIC = topicLease('');

/** The names of all keys and channels. */
export class Keys {
  private readonly cached = new Map<string, TopicKeys>();

  constructor(private readonly prefix: string) {}

  /** The key of the lineage of a partition. The only keys that never expire. */
  lineage(partition: number): string {
    return this.in(partition, 'g');
  }

  topic(topic: string): TopicKeys {
    const cached = this.cached.get(topic);
    if (cached !== undefined) return cached;
    const partition = partitionOf(topic);
    const keys: TopicKeys = {
      partition,
      record: this.in(partition, `m:${topic}`),
      log: this.in(partition, `l:${topic}`),
      lease: this.in(partition, `o:${topicLease(topic)}`),
      channel: this.in(partition, `c:${topic}`),
      presence: this.in(partition, `w:${topic}`),
    };
    if (this.cached.size >= MAX_CACHED) this.cached.clear();
    this.cached.set(topic, keys);
    return keys;
  }

  /** The key of a lease, and the channel on which its release wakes waiting nodes. */
  lease(name: string): { readonly partition: number; readonly key: string } {
    const ofTopic = name.startsWith(LEASE_OF_TOPIC);
    const partition = partitionOf(ofTopic ? name.slice(LEASE_OF_TOPIC.length) : name);
    return { partition, key: this.in(partition, `o:${name}`) };
  }

  /** The key of a claim, and the channel on which its end is announced. Clients choose the keys, so they are hashed. */
  claim(name: string): { readonly partition: number; readonly key: string } {
    const digest = createHash('sha256').update(name).digest('base64url');
    const partition = partitionOf(digest);
    return { partition, key: this.in(partition, `a:${digest}`) };
  }

  /** Sorted set: the nodes, with the time until which each counts as alive. */
  get nodes(): { readonly partition: number; readonly key: string } {
    return { partition: 0, key: this.in(0, 'n') };
  }

  /** The channel for requests to a node, and for answers. */
  node(node: string): { readonly partition: number; readonly channel: string } {
    const partition = partitionOf(node);
    return { partition, channel: this.in(partition, `n:${node}`) };
  }

  /** The partition of a key or channel of this class. */
  partitionOf(name: string): number {
    const start = this.prefix.length + 2;
    return TAGS.indexOf(Number(name.slice(start, name.indexOf('}', start))));
  }

  private in(partition: number, name: string): string {
    return `${this.prefix}:{${TAGS[partition]!}}:${name}`;
  }
}

function partitionOf(name: string): number {
  return crc16(name) % TAGS.length;
}
