import type { ErrorCode } from '@statewire/protocol';

import type { BrokerCounters, LeaseEvent, PublicationOutcome, RequestOutcome } from './broker-counters.js';

/** The outcome of an action. */
export type ActionOutcome =
  /** The handler ran; the answer is `ack`. */
  | 'run'
  /** The handler ran and failed. */
  | 'failed'
  | 'timeout'
  /** Guards or pipes rejected it; no handler started. */
  | 'rejected'
  /** The client sent it before; the server repeated the first answer. */
  | 'deduplicated'
  | 'conflict'
  | 'outcome_unknown'
  | 'unknown_action'
  /** The broker's memory of answers is full for this caller. */
  | 'too_many_requests'
  | 'unavailable';

/** How a reader with a position caught up. `lost`: the history no longer reached its position. */
export type ResumeOutcome = 'patches' | 'snapshot' | 'lost';

/** How a connection ended: the close code that the server sent, or `peer` if the client or the network ended it. */
export type CloseReason = number | 'peer';

/**
 * Why a client left a presence topic: it unsubscribed, it did not reconnect within its grace, or it signed in or out
 * and is another member now.
 */
export type PresenceLeave = 'unsubscribed' | 'lost' | 'identity';

/** Counts by name. */
class Tally<Name extends string | number> {
  private readonly counts = new Map<Name, number>();

  add(name: Name): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  toRecord(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counts);
  }
}

/** Kinds of frames, as array indices, because every delivery increments one. */
export const FRAME_KINDS = { other: 0, snapshot: 1, patch: 2, event: 3 } as const;
export type FrameKind = (typeof FRAME_KINDS)[keyof typeof FRAME_KINDS];

/** Counts what the broker does on this node. */
export class BrokerTally implements BrokerCounters {
  readonly publications = new Tally<PublicationOutcome>();
  readonly requests = new Tally<RequestOutcome>();
  readonly leases = new Tally<LeaseEvent>();
  deltasRefused = 0;
  reads = 0;
  topicsSwept = 0;
  topicsMoved = 0;

  publication(outcome: PublicationOutcome): void {
    this.publications.add(outcome);
  }

  deltaRefused(): void {
    this.deltasRefused += 1;
  }

  read(): void {
    this.reads += 1;
  }

  swept(topics: number): void {
    this.topicsSwept += topics;
  }

  moved(): void {
    this.topicsMoved += 1;
  }

  request(outcome: RequestOutcome): void {
    this.requests.add(outcome);
  }

  lease(event: LeaseEvent): void {
    this.leases.add(event);
  }
}

/** Counters of this node since its start. They hold names and codes, and no data of users. */
export class Counters {
  /** Frames passed to sockets, by `FrameKind`. */
  readonly sent: [number, number, number, number] = [0, 0, 0, 0];
  readonly errorsSent = new Tally<ErrorCode>();
  readonly closes = new Tally<CloseReason>();
  readonly resumes = new Tally<ResumeOutcome>();
  readonly actions = new Tally<ActionOutcome>();
  readonly presenceLeaves = new Tally<PresenceLeave>();
  readonly broker = new BrokerTally();
  presenceJoins = 0;
  presenceUncounted = 0;
  connectionsAdmitted = 0;
  conflations = 0;
  polls = 0;
  pollsHeld = 0;
}
