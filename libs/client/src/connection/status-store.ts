import { BehaviorSubject, type Observable } from 'rxjs';

import type { ClientEnvironment } from '../core/environment.js';
import type { ConnectionStatus } from '../core/status.js';

type WithoutTime<T> = T extends unknown ? Omit<T, 'enteredAt'> : never;

/** A status without the time when it began. */
export type StatusDescription = WithoutTime<ConnectionStatus>;

/** Holds the status, and emits a new object only when something in it changes. */
export class StatusStore {
  private readonly subject: BehaviorSubject<ConnectionStatus>;

  constructor(private readonly environment: ClientEnvironment) {
    this.subject = new BehaviorSubject<ConnectionStatus>({ state: 'idle', enteredAt: environment.now() });
  }

  get status$(): Observable<ConnectionStatus> {
    return this.subject.asObservable();
  }

  get status(): ConnectionStatus {
    return this.subject.value;
  }

  update(next: StatusDescription): void {
    const last = this.subject.value;
    const enteredAt = next.state === last.state ? last.enteredAt : this.environment.now();
    const status = { enteredAt, ...next } as ConnectionStatus;
    if (JSON.stringify(status) !== JSON.stringify(last)) this.subject.next(status);
  }

  close(): void {
    this.update({ state: 'closed' });
    this.subject.complete();
  }
}
