import type { UpgradeMode } from '../network/network-faults.js';

/** Options of a `FakeServer`. */
export interface FakeServerOptions {
  /** Milliseconds from one end to the other, or a function that returns them for each message. Default 0. */
  readonly latency?: number | (() => number);
  /** Number of publications in the history of each topic. Default 100. */
  readonly history?: number;
  /** Heartbeat that `welcome` announces, in milliseconds. Default 30,000 and 10,000. */
  readonly heartbeat?: { readonly interval: number; readonly timeout: number };
  /** Milliseconds for which a client may send an action again. Default 120,000. */
  readonly actionWindow?: number;
  /** Largest frame in bytes; the server closes with 1009 above it, and above 16 KiB. Default 65,536. */
  readonly frameBytes?: number;
  /** Frames per second that `welcome` announces. Default: `welcome` leaves it out. */
  readonly framesPerSecond?: number;
  /**
   * Whether a subscription of a state topic without a value gets its answer only with the first value. Default false.
   */
  readonly awaitsFirstValue?: boolean;
  /** Milliseconds between polls that `config` announces. Default 2,000. */
  readonly pollInterval?: number;
}

/** The modes of a network, and `throw`: the constructor of the WebSocket throws, as under a content security policy. */
export type FakeUpgradeMode = UpgradeMode | 'throw';
