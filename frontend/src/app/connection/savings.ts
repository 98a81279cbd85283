import type { ClientMetrics } from '@statewire/angular';

/** One way to keep the page current, and its bytes. */
interface Cost {
  readonly label: string;
  readonly bytes: number;
  /** Share of the most expensive way, from 0 to 1. */
  readonly share: number;
}

export interface Savings {
  readonly costs: readonly Cost[];
  /** Percent saved compared with a full value at each change; negative if the page received more. */
  readonly againstFull: number;
  /** Percent saved compared with a poll every two seconds; negative if the page received more. */
  readonly againstPolling: number;
  /** Number of changes on the screen per change that a poll every two seconds would show. */
  readonly timesFresher: number;
}

/** Compares the received bytes with those of two ways of polling in the same time. */
export function savings(metrics: ClientMetrics, polled: { readonly bytes: number; readonly polls: number }): Savings {
  const received = metrics.bytesReceived;
  const most = Math.max(1, received, polled.bytes, metrics.fullStateBytes);
  const changes = metrics.patches + metrics.snapshots;
  return {
    costs: [
      { label: 'This page received', bytes: received, share: received / most },
      { label: 'Polling every 2 s', bytes: polled.bytes, share: polled.bytes / most },
      { label: 'Polling as fresh as this', bytes: metrics.fullStateBytes, share: metrics.fullStateBytes / most },
    ],
    againstFull: percentSaved(received, metrics.fullStateBytes),
    againstPolling: percentSaved(received, polled.bytes),
    timesFresher: polled.polls === 0 ? 1 : Math.max(1, changes / polled.polls),
  };
}

function percentSaved(cost: number, against: number): number {
  return against === 0 ? 0 : Math.round(100 * (1 - cost / against));
}
