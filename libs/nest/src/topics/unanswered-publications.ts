import { keepAlive, withDeadline, type Environment } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';

/** Milliseconds for which the end of a node waits until the broker has answered its publications. */
const TIMEOUT_MS = 3_000;

/** The publications that a shared broker has not answered. */
export class UnansweredPublications {
  private readonly all = new Set<Promise<unknown>>();

  add(publication: Promise<unknown>): void {
    this.all.add(publication);
    const settle = (): void => void this.all.delete(publication);
    publication.then(settle, settle);
  }

  /** Waits until the broker has answered all of them, for at most 3 s. */
  async flush(environment: Environment, log: Pick<RealtimeLog, 'error'>): Promise<void> {
    if (this.all.size === 0) return;
    const answered = Promise.allSettled(this.all);
    try {
      await keepAlive(() => withDeadline(environment, TIMEOUT_MS, answered));
    } catch (error) {
      log.error('publications-unanswered', error, { count: String(this.all.size) });
    }
  }
}
