import { Inject, Injectable } from '@nestjs/common';
import { ReplaySubject, type Observable } from 'rxjs';

import { GuardedObservable } from './guarded-observable.js';
import type { RealtimeLog } from './realtime-log.js';
import { REALTIME_LOG } from './tokens.js';

/** Whether this node drains before it shuts down. A node that drains never stops draining. */
@Injectable()
export class DrainState {
  /** Emits once when the drain begins, and at once to later subscribers. */
  readonly began: Observable<void>;
  /** Emits once when the node cuts the remaining connections, and at once to later subscribers. */
  readonly ended: Observable<void>;

  private readonly beginnings = new ReplaySubject<void>(1);
  private readonly endings = new ReplaySubject<void>(1);
  private begun = false;

  /** @internal Nest creates the instance. */
  constructor(@Inject(REALTIME_LOG) log: RealtimeLog) {
    const report = (error: unknown): void => log.error('subscriber-failed', error, { reason: 'drain' });
    this.began = new GuardedObservable(this.beginnings, report);
    this.ended = new GuardedObservable(this.endings, report);
  }

  /** Whether the drain has begun. */
  get draining(): boolean {
    return this.begun;
  }

  /** @internal Called by the drain. */
  begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.beginnings.next();
    this.beginnings.complete();
  }

  /** @internal Called by the drain. */
  end(): void {
    this.endings.next();
    this.endings.complete();
  }
}
