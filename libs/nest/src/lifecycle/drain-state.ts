import { Inject, Injectable } from '@nestjs/common';
import { ReplaySubject, type Observable } from 'rxjs';

import { GuardedObservable } from '../core/guarded-observable.js';
import { REALTIME_LOG } from '../core/tokens.js';
import type { DrainState } from '../core/lifecycle.js';
import type { RealtimeLog } from '../core/realtime-log.js';

/** Whether this node is going away. Once it is, it stays so. */
@Injectable()
export class NodeDrainState implements DrainState {
  private readonly beginnings = new ReplaySubject<void>(1);
  private readonly endings = new ReplaySubject<void>(1);
  private begun = false;

  readonly began: Observable<void>;
  readonly ended: Observable<void>;

  constructor(@Inject(REALTIME_LOG) log: RealtimeLog) {
    const report = (error: unknown): void => log.error('subscriber-failed', error, { reason: 'drain' });
    this.began = new GuardedObservable(this.beginnings, report);
    this.ended = new GuardedObservable(this.endings, report);
  }

  get draining(): boolean {
    return this.begun;
  }

  begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.beginnings.next();
    this.beginnings.complete();
  }

  end(): void {
    this.endings.next();
    this.endings.complete();
  }
}
