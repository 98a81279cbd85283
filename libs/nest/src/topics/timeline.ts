import { diff, isDeltaSmaller, type Json, type Position, type Since, type TopicKind } from '@statewire/protocol';

import type { LivePublication, NewPublication, StoredPublication, TopicHistory } from '../core/broker.js';
import { PublicationLog, type LogEntry, type LogLimits } from '../broker/memory/publication-log.js';
import type { EncodedFrame } from '../delivery/frame-encoder.js';
import type { Projection } from './projection.js';
import { TopicFrames } from '../delivery/frame-encoder.js';

/** Newest publications whose frames are kept ready: what clients ask for after a short outage. */
const READY_FRAMES = 64;

/** Events replayed at once. */
const REPLAY_EVENTS = 64;
const REPLAY_BYTES = 16 * 1024;

/** What a patch frame is longer than its delta, about. */
const PATCH_ENVELOPE = 100;

interface Entry extends LogEntry {
  readonly time: number;
  readonly data?: string;
  readonly delta?: string;
  frame: EncodedFrame | undefined;
}

/** The newest value of a state topic. */
interface Head {
  readonly data: string;
  readonly time: number;
  /** Parsed when somebody asks for it. */
  value: Json | undefined;
  snapshot: EncodedFrame | undefined;
}

/** Where a reader starts: what `subscribed` says, and what it has after it. */
export interface Start {
  readonly position: Position;
  readonly recovered: boolean;
  /** Offset up to which the reader has everything; 0 where it has no value. */
  readonly cursor: number;
}

/** The next frames of a reader, and where they lead. */
export interface Step {
  readonly frames: readonly EncodedFrame[];
  readonly cursor: number;
}

/**
 * One topic as this node knows it: position, value, recent publications and their frames. Synchronous throughout: what
 * it answers together belongs together, which is what makes catching up without a gap possible.
 */
export class Timeline {
  readonly frames: TopicFrames;
  private epoch: string;
  private offset: number;
  private head: Head | undefined;
  private readonly log: PublicationLog<Entry>;
  /** Oldest publication the broker had when it was last asked. */
  private oldestInBroker: number;
  private prepared: { readonly from: number; readonly data: string; readonly delta: string | undefined } | undefined;

  constructor(
    readonly topic: string,
    readonly kind: TopicKind,
    limits: LogLimits,
    history: TopicHistory,
  ) {
    this.frames = new TopicFrames(topic, kind);
    this.log = new PublicationLog(limits);
    this.epoch = history.epoch;
    this.offset = history.offset;
    this.oldestInBroker = history.oldest;
    this.head = this.headOf(history);
  }

  get position(): Position {
    return { epoch: this.epoch, offset: this.offset };
  }

  /** The value of a state topic; undefined where nothing was published. */
  get newest(): { readonly value: Json; readonly time: number } | undefined {
    const { head } = this;
    if (head === undefined) return undefined;
    return { value: (head.value ??= JSON.parse(head.data) as Json), time: head.time };
  }

  /** What to hand to the broker, with the delta from the newest value where that is worth it. */
  prepare({ text: data, value }: Projection): NewPublication {
    const { epoch, kind, offset: from } = this;
    const delta = this.deltaTo(data, value);
    return { kind, data, value, ...(delta === undefined ? {} : { patch: { epoch, from, delta } }) };
  }

  /** Starts over from what the broker has now: a new epoch, or the same one beyond a gap that history does not fill. */
  reset(history: TopicHistory): void {
    this.log.clear();
    this.epoch = history.epoch;
    this.offset = history.offset;
    this.oldestInBroker = history.oldest;
    this.head = this.headOf(history);
    this.prepared = undefined;
  }

  /** Takes the publication that follows the newest one, and returns its frame: a patch, a snapshot or an event. */
  append(publication: LivePublication, now: number): EncodedFrame {
    const { data, time, value } = publication;
    const delta = publication.delta ?? this.deltaTo(data, value);
    this.offset = publication.offset;
    if (this.kind === 'state') this.head = { data, time, value, snapshot: undefined };
    const frame = this.keep({ offset: this.offset, time, ...(delta === undefined ? { data } : { delta }) }, now);
    if (this.head !== undefined && delta === undefined) this.head.snapshot = frame;
    return frame;
  }

  /** Takes what the broker has above the newest publication, and returns a frame for each. */
  extend(history: TopicHistory, now: number): readonly EncodedFrame[] {
    this.offset = history.offset;
    this.head = this.headOf(history);
    return history.publications.map((publication) => this.keep(publication, now));
  }

  /** Takes older publications out of the broker's history, so that readers can catch up from further back. */
  prepend(history: TopicHistory, now: number): void {
    this.oldestInBroker = history.oldest;
    if (history.epoch !== this.epoch) return;
    const older = history.publications.filter(({ offset }) => offset <= this.offset);
    this.log.prepend(
      older.map((publication) => this.entry(publication)),
      now,
    );
  }

  /** Whether this node took another publication for that offset: the broker forgot some and assigned offsets again. */
  contradicts({ offset, time }: StoredPublication): boolean {
    const known = this.log.at(offset);
    return known !== undefined && known.time !== time;
  }

  /** What has to be asked of the broker before a reader can start at `since`. */
  missing(since: Since | undefined): 'newer' | { readonly above: number } | undefined {
    if (since === undefined) return undefined;
    if (since !== 'oldest' && (since.epoch !== this.epoch || since.offset > this.offset)) return 'newer';
    const oldest = this.log.oldest ?? this.offset + 1;
    if (since === 'oldest') return this.oldestInBroker < oldest ? { above: 0 } : undefined;
    const above = since.offset;
    // A state topic has no value at 0 that patches could lead on from.
    if (this.kind === 'state' && above === 0) return undefined;
    return above + 1 < oldest && this.oldestInBroker <= above + 1 ? { above } : undefined;
  }

  /** Where a reader that asks for `since` starts. */
  start(since: Since | undefined): Start {
    const { position, offset } = this;
    if (this.kind === 'state') {
      const known = since !== undefined && since !== 'oldest' && this.knows(since);
      return { position, recovered: known, cursor: known ? since.offset : 0 };
    }
    if (since === undefined) return { position, recovered: false, cursor: offset };
    const oldest = this.log.oldest ?? offset + 1;
    if (since === 'oldest') return { position, recovered: oldest === 1, cursor: oldest - 1 };
    const recovered = this.knows(since) && since.offset + 1 >= oldest;
    return { position, recovered, cursor: recovered ? since.offset : offset };
  }

  /** What follows `cursor`: undefined at the newest publication, `'lost'` for events that are not kept any more. */
  after(cursor: number): Step | 'lost' | undefined {
    if (cursor >= this.offset) return undefined;
    return this.kind === 'state' ? this.stateAfter(cursor) : this.eventsAfter(cursor);
  }

  private stateAfter(cursor: number): Step | undefined {
    const { head, offset } = this;
    if (head === undefined) return undefined;
    return { frames: this.patchesAfter(cursor, head.data.length) ?? [this.snapshotOf(head)], cursor: offset };
  }

  private snapshotOf(head: Head): EncodedFrame {
    return (head.snapshot ??= this.frames.snapshot(this.position, head.data, head.time));
  }

  /** Undefined where they do not reach that far back, or are as long as the value of `length`. */
  private patchesAfter(cursor: number, length: number): readonly EncodedFrame[] | undefined {
    if (this.log.at(cursor + 1) === undefined) return undefined;
    let left = length;
    const entries: Entry[] = [];
    for (let offset = this.offset; offset > cursor; offset--) {
      const entry = this.log.at(offset);
      if (entry?.delta === undefined) return undefined;
      left -= entry.delta.length + (offset === this.offset ? 0 : PATCH_ENVELOPE);
      if (left <= 0) return undefined;
      entries.push(entry);
    }
    return entries.reverse().map((entry) => this.frameOf(entry));
  }

  private eventsAfter(cursor: number): Step | 'lost' {
    const frames: EncodedFrame[] = [];
    let bytes = 0;
    for (const entry of this.log.above(cursor, REPLAY_EVENTS)) {
      if (entry.offset !== cursor + frames.length + 1) return 'lost';
      frames.push(this.frameOf(entry));
      bytes += entry.size;
      if (bytes >= REPLAY_BYTES) break;
    }
    return frames.length === 0 ? 'lost' : { frames, cursor: cursor + frames.length };
  }

  private knows(since: Position): boolean {
    return since.epoch === this.epoch && since.offset <= this.offset;
  }

  private keep(publication: StoredPublication, now: number): EncodedFrame {
    const entry = this.entry(publication);
    entry.frame = this.frameOf(entry);
    this.log.push(entry, now);
    const settled = this.log.at(entry.offset - READY_FRAMES);
    if (settled !== undefined) settled.frame = undefined;
    return entry.frame;
  }

  private entry(publication: StoredPublication): Entry {
    const { offset, time, data, delta } = publication;
    const size = Buffer.byteLength((delta ?? data)!);
    return { offset, time, size, frame: undefined, ...(delta === undefined ? { data } : { delta }) };
  }

  private frameOf(entry: Entry): EncodedFrame {
    if (entry.frame !== undefined) return entry.frame;
    const { offset, time, delta, data } = entry;
    if (delta !== undefined) return this.frames.patch(offset, delta, time);
    if (this.kind === 'events') return this.frames.event(offset, data!, time);
    return this.frames.snapshot({ epoch: this.epoch, offset }, data!, time);
  }

  private headOf({ data, time }: TopicHistory): Head | undefined {
    if (this.kind !== 'state' || data === undefined || time === undefined) return undefined;
    return { data, time, value: undefined, snapshot: undefined };
  }

  /** Computed once per publication, although its publisher and this node's readers both need it. */
  private deltaTo(data: string, value: Json | undefined): string | undefined {
    const { offset: from, prepared } = this;
    if (prepared?.from === from && prepared.data === data) return prepared.delta;
    const before = this.newest;
    if (before === undefined) return undefined;
    const delta = JSON.stringify(diff(before.value, value ?? (JSON.parse(data) as Json)));
    this.prepared = { from, data, delta: isDeltaSmaller(delta, data) ? delta : undefined };
    return this.prepared.delta;
  }
}
