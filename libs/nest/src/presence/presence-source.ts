import type { Json, Presence } from '@statewire/protocol';
import { Observable } from 'rxjs';

import { topicLease, type Broker } from '../core/broker.js';
import type { Environment, Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { MemberList, readPresenceMember } from './member-list.js';
import { Throttle } from './throttle.js';

/** Milliseconds between two reads without a change: members of a node that crashed disappear in silence. */
const SWEEP_INTERVAL_MS = 10_000;

/** Milliseconds until the next read after one that failed. */
const RETRY_INTERVAL_MS = 1_000;

/** Turns of the event loop in which a page that follows the topic at the same time becomes a member. */
const FIRST_TURNS = 3;

export interface PresenceSourceOptions {
  readonly broker: Broker;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'error'>;
  readonly presence: Pick<ResolvedRealtimeOptions['presence'], 'intervalMs' | 'members'>;
}

/** Name of the presence topic of a topic. */
export function presenceName(topic: string): string {
  return `presence/${topic}`;
}

/**
 * Lease of the node that computes a presence topic. It exists while the presence topic has readers, and a little
 * longer.
 */
export function presenceLease(topic: string): string {
  return topicLease(presenceName(topic));
}

/**
 * The source of a presence topic: emits the members of `topic` on all nodes, and again after each change, at most once
 * in `presence.intervalMs`. Runs on one node, and only while the presence topic has readers. Reads a first list without
 * members again at the end of a few turns of the event loop, so that a page does not show 0 for a moment.
 */
export function presenceSource(topic: string, options: PresenceSourceOptions): Observable<Presence<Json>> {
  return new Observable((subscriber) => {
    const { broker, environment, log, presence } = options;
    const list = new MemberList(presence.members);
    let last: string | undefined;
    let timer: Timer | undefined;
    const read = async (): Promise<void> => {
      timer?.cancel();
      let next = SWEEP_INTERVAL_MS;
      try {
        let members = await broker.members(topic);
        // A page follows the topic and its presence together, and is no member yet at the first read.
        for (let turn = 0; last === undefined && members.length === 0 && turn < FIRST_TURNS; turn += 1) {
          await new Promise<void>((resolve) => environment.defer(resolve));
          members = await broker.members(topic);
        }
        const value = list.update(members.flatMap((member) => readPresenceMember(member) ?? []));
        const text = JSON.stringify(value);
        if (text !== last) subscriber.next(value);
        last = text;
      } catch (error) {
        log.error('presence-read-failed', error, { topic });
        next = RETRY_INTERVAL_MS;
      }
      if (!subscriber.closed) timer = environment.setTimer(() => reads.request(), next);
    };
    const reads = new Throttle(environment, presence.intervalMs, read);
    // Listens before the first read, so that no change is lost in between.
    const unlisten = broker.onRequest(presenceLease(topic), async () => {
      reads.request();
      return null;
    });
    reads.request();
    return () => {
      reads.stop();
      timer?.cancel();
      unlisten().catch((error: unknown) => log.error('presence-release-failed', error, { topic }));
    };
  });
}
