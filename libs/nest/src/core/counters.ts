import type { ErrorCode } from '@statewire/protocol';

/** What became of an action. */
export type ActionOutcome =
  /** The handler ran and was acknowledged. */
  | 'run'
  /** The handler ran and failed. */
  | 'failed'
  | 'timeout'
  /** Guards or pipes refused it, so that no handler started. */
  | 'refused'
  /** It was sent before: the first answer was given again. */
  | 'deduplicated'
  | 'conflict'
  | 'outcome_unknown'
  | 'unknown_action'
  /** The broker's memory of answers is full for this caller. */
  | 'too_many_requests'
  | 'unavailable';

/** How a reader that came with a position was brought up to date; `lost`: it is told that something is missing. */
export type ResumeOutcome = 'patches' | 'snapshot' | 'lost';

/** How a connection ended: the close code the server sent, or `peer` where the client or the network was first. */
export type CloseReason = number | 'peer';

/**
 * Why a client that was counted counts no longer: it unsubscribed, it ended and did not come back within its grace, or it
 * signed in or out and counts as somebody else.
 */
export type PresenceLeave = 'unsubscribed' | 'lost' | 'identity';

/** Counts by name. */
export class Tally<Name extends string | number> {
  private readonly counts = new Map<Name, number>();

  add(name: Name): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  toRecord(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counts);
  }
}

/** Kinds of frames that are counted one by one, as indices, because each delivery counts. */
export const FRAME_KINDS = { other: 0, snapshot: 1, patch: 2, event: 3 } as const;
export type FrameKind = (typeof FRAME_KINDS)[keyof typeof FRAME_KINDS];

/** What happened on this node since its start. Names and codes only: never anything of a user. */
export class Counters {
  /** Frames handed to sockets, by `FrameKind`. */
  readonly sent: [number, number, number, number] = [0, 0, 0, 0];
  readonly refusals = new Tally<ErrorCode>();
  readonly closes = new Tally<CloseReason>();
  readonly resumes = new Tally<ResumeOutcome>();
  readonly actions = new Tally<ActionOutcome>();
  readonly presenceLeaves = new Tally<PresenceLeave>();
  presenceJoins = 0;
  presenceUncounted = 0;
  connectionsAdmitted = 0;
  conflations = 0;
  polls = 0;
  pollsHeld = 0;
}
