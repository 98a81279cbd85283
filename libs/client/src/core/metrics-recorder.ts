import { audit, defer, map, startWith, Subject, type Observable } from 'rxjs';

import { emitAfter } from './emit-after.js';
import type { ClientEnvironment } from './environment.js';
import type { ClientMetrics } from './metrics.js';

const EMIT_INTERVAL_MS = 250;

/** Counts, and emits the counters at a pace that a user interface can follow. */
export class MetricsRecorder {
  readonly #counters = {
    framesReceived: 0,
    framesSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
    patches: 0,
    snapshots: 0,
    events: 0,
    polls: 0,
    reconnects: 0,
    holes: 0,
    fullStateBytes: 0,
  };
  readonly #changed$ = new Subject<void>();

  readonly metrics$: Observable<ClientMetrics>;

  constructor(environment: ClientEnvironment) {
    this.metrics$ = defer(() =>
      this.#changed$.pipe(
        audit(() => emitAfter(environment, EMIT_INTERVAL_MS)),
        map(() => this.metrics),
        startWith(this.metrics),
      ),
    );
  }

  get metrics(): ClientMetrics {
    return { ...this.#counters };
  }

  add(counter: keyof ClientMetrics, amount = 1): void {
    this.#counters[counter] += amount;
    if (this.#changed$.observed) this.#changed$.next();
  }

  close(): void {
    this.#changed$.complete();
  }
}
