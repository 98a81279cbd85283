import type { Json, Presence } from '@statewire/protocol';
import { Observable } from 'rxjs';

import type { Broker } from '../core/broker.js';
import type { Environment, Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { MemberList } from './member-list.js';
import { readPresenceMember } from './member-record.js';
import { presenceLease } from './presence-name.js';
import { Throttle } from './throttle.js';

/** Members of a node that died are gone without a word: the broker is asked so often (ms) whether there were any. */
const SWEEP_INTERVAL = 10_000;

/** How long to wait (ms) after the broker could not be read. */
const RETRY_INTERVAL = 1_000;

export interface PresenceSourceOptions {
  readonly broker: Broker;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'error'>;
  readonly presence: Pick<ResolvedRealtimeOptions['presence'], 'interval' | 'members'>;
}

/**
 * Who follows a topic over all nodes, now and whenever that changes, at most once in `presence.interval`. The source of
 * a presence topic: it is subscribed to on one node, and only while somebody reads that topic.
 */
export function presenceSource(topic: string, options: PresenceSourceOptions): Observable<Presence<Json>> {
  return new Observable((subscriber) => {
    const { broker, environment, log, presence } = options;
    const list = new MemberList(presence.members);
    let last: string | undefined;
    let timer: Timer | undefined;
    const look = async (): Promise<void> => {
      timer?.cancel();
      let next = SWEEP_INTERVAL;
      try {
        const members = await broker.members(topic);
        const value = list.update(members.flatMap((member) => readPresenceMember(member) ?? []));
        const text = JSON.stringify(value);
        if (text !== last) subscriber.next(value);
        last = text;
      } catch (error) {
        log.error('presence not read', error, { topic });
        next = RETRY_INTERVAL;
      }
      if (!subscriber.closed) timer = environment.setTimer(() => looks.ask(), next);
    };
    const looks = new Throttle(environment, presence.interval, look);
    // Before the first look, so that no change falls in between.
    const unlisten = broker.onRequest(presenceLease(topic), async () => {
      looks.ask();
      return null;
    });
    looks.ask();
    return () => {
      looks.stop();
      timer?.cancel();
      unlisten().catch((error: unknown) => log.error('presence not released', error, { topic }));
    };
  });
}
