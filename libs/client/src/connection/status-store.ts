import { BehaviorSubject, type Observable } from 'rxjs';

import type { ClientEnvironment } from '../core/environment.js';
import type { ConnectionStatus, StatusBase } from '../core/status.js';

type WithoutBase<T> = T extends unknown ? Omit<T, keyof StatusBase> : never;

/** The part of a status that follows from the connection. */
export type StatusDescription = WithoutBase<ConnectionStatus>;

/** Holds the status, and emits a new object only when something in it changes. */
export class StatusStore {
  readonly #environment: ClientEnvironment;

  readonly #subject: BehaviorSubject<ConnectionStatus>;

  constructor(environment: ClientEnvironment) {
    this.#environment = environment;
    this.#subject = new BehaviorSubject<ConnectionStatus>({
      state: 'idle',
      enteredAt: environment.now(),
      outdated: false,
    });
  }

  get status$(): Observable<ConnectionStatus> {
    return this.#subject.asObservable();
  }

  get status(): ConnectionStatus {
    return this.#subject.value;
  }

  get isObserved(): boolean {
    return this.#subject.observed;
  }

  update(next: StatusDescription & { readonly outdated?: boolean }): void {
    const last = this.#subject.value;
    const enteredAt = next.state === last.state ? last.enteredAt : this.#environment.now();
    const status = { enteredAt, outdated: last.outdated, ...next } as ConnectionStatus;
    if (JSON.stringify(status) !== JSON.stringify(last)) this.#subject.next(status);
  }

  close(): void {
    this.update({ state: 'closed' });
    this.#subject.complete();
  }
}
