import { Injectable } from '@nestjs/common';
import { ReplaySubject, type Observable } from 'rxjs';

import type { DrainState } from './lifecycle.js';

/** Whether this node is going away. Once it is, it stays so. */
@Injectable()
export class NodeDrainState implements DrainState {
  private readonly beginnings = new ReplaySubject<void>(1);
  private begun = false;

  readonly began: Observable<void> = this.beginnings.asObservable();

  get draining(): boolean {
    return this.begun;
  }

  begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.beginnings.next();
    this.beginnings.complete();
  }
}
