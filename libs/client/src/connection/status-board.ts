import { BehaviorSubject, type Observable } from 'rxjs';

import type { Environment } from '../core/environment.js';
import type { ConnectionStatus } from '../core/status.js';

type WithoutSince<T> = T extends unknown ? Omit<T, 'since'> : never;

/** A status before it is known since when it holds. */
export type StatusDescription = WithoutSince<ConnectionStatus>;

/** The status as everybody sees it: a new object only where something is different. */
export class StatusBoard {
  private readonly subject: BehaviorSubject<ConnectionStatus>;

  constructor(private readonly environment: Environment) {
    this.subject = new BehaviorSubject<ConnectionStatus>({ state: 'idle', since: environment.now() });
  }

  get status$(): Observable<ConnectionStatus> {
    return this.subject.asObservable();
  }

  get status(): ConnectionStatus {
    return this.subject.value;
  }

  show(next: StatusDescription): void {
    const last = this.subject.value;
    const since = next.state === last.state ? last.since : this.environment.now();
    const status = { since, ...next } as ConnectionStatus;
    if (JSON.stringify(status) !== JSON.stringify(last)) this.subject.next(status);
  }

  close(): void {
    this.show({ state: 'closed' });
    this.subject.complete();
  }
}
