import type { RealtimeClient } from '@statewire/client';

import { work } from './busy/contract.js';
import { until } from './until.js';

/** Sends actions of every client at intervals, until `end`, which resolves when all are answered. */
export function actAtTimes(clients: readonly RealtimeClient[]) {
  const answered = new Set<string>();
  const failed: string[] = [];
  const pending = new Set<Promise<void>>();
  let sent = 0;
  const timer = setInterval(() => {
    const client = clients[sent % clients.length]!;
    const key = `piece ${(sent += 1)}`;
    const answer = new Promise<void>((resolve) => {
      client.act(work, { key, takes: sent % 50 }, { expiresAfterMs: 0 }).subscribe({
        next: () => answered.add(key),
        error: (error: { readonly code: string }) => resolve(void failed.push(`${key}: ${error.code}`)),
        complete: resolve,
      });
    });
    pending.add(answer);
    void answer.then(() => pending.delete(answer));
  }, 50);
  return {
    /** Keys of acknowledged actions. */
    answered,
    /** Stops. Unanswered actions stay unanswered. */
    stop(): void {
      clearInterval(timer);
    },
    async end() {
      this.stop();
      await until(
        () => pending.size === 0,
        () => `${pending.size} actions are not answered`,
      ).catch((error: Error) => failed.push(error.message));
      return { sent, answered: answered.size, failed };
    },
  };
}
