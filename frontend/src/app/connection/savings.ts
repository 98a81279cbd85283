import type { ClientMetrics } from '@statewire/angular';

/** One way of keeping the page true, and what it moved. */
export interface Cost {
  readonly label: string;
  readonly bytes: number;
  /** Share of the most expensive way, 0–1. */
  readonly share: number;
}

export interface Savings {
  readonly costs: readonly Cost[];
  /** Percent saved against full values as often as they changed; negative when it cost more. */
  readonly againstFull: number;
  /** Percent saved against a poll every two seconds; negative when it cost more. */
  readonly againstPolling: number;
  /** Changes shown for each one that a poll every two seconds would have shown. */
  readonly timesFresher: number;
}

/** What was received, beside what two ways of polling would have received in the same time. */
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
