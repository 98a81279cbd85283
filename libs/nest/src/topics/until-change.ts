import type { Environment } from '../core/environment.js';
import type { LiveTopic } from './live-topic.js';

/**
 * Waits for the topic's next publication, new epoch or end.
 *
 * @returns false where the signal or the timeout (ms, 0: none) came first.
 */
export function untilChange(
  live: LiveTopic,
  options: {
    readonly signal?: AbortSignal;
    readonly environment: Pick<Environment, 'setTimer'>;
    readonly timeout?: number;
  },
): Promise<boolean> {
  const { environment, signal, timeout = 0 } = options;
  return new Promise((resolve) => {
    const changed = (): void => settle(true);
    const late = (): void => settle(false);
    const member = { appended: changed, restarted: changed, ended: changed };
    const timer = timeout > 0 ? environment.setTimer(late, timeout) : undefined;
    const settle = (outcome: boolean): void => {
      live.remove(member, member);
      timer?.cancel();
      signal?.removeEventListener('abort', late);
      resolve(outcome);
    };
    live.add(member, member);
    signal?.addEventListener('abort', late);
  });
}
