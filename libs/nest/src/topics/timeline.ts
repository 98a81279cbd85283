import {
  applyDelta,
  DELTA_CAPABILITIES,
  DeltaError,
  diff,
  type DeltaCapability,
  type DiffOptions,
  type Json,
  type Position,
  type Since,
  type TopicKind,
} from '@statewire/protocol';

import type { LivePublication, StoredPublication, TopicHistory } from '../core/broker.js';
import { PublicationLog, type LogEntry, type LogLimits } from '../core/publication-log.js';
import { isReadable, TopicFrames, type EncodedFrame } from '../delivery/frame-encoder.js';
import type { AppendedPublication } from './subscribers.js';

/** Number of newest publications whose frames stay encoded. Clients need them after a short outage. */
const MAX_ENCODED_FRAMES = 64;

/** Maximum number of events in one replay step. */
const MAX_REPLAY_EVENTS = 64;
/** Bytes of events after which a replay step ends. */
const MAX_REPLAY_BYTES = 16 * 1024;

/** Approximate characters of a patch frame besides its delta. */
const PATCH_ENVELOPE_LENGTH = 100;

interface TimelineEntry extends LogEntry {
  readonly id: string;
  readonly time: number;
  readonly data?: string;
  readonly delta?: string;
  frame: EncodedFrame | undefined;
}

/** A JSON value and its text. It is made with one of them, and makes the other one on first use. */
export class Content {
  constructor(
    private data: string | undefined,
    private parsed?: Json,
  ) {}

  get value(): Json {
    if (this.parsed === undefined) this.parsed = JSON.parse(this.data!) as Json;
    return this.parsed;
  }

  get text(): string {
    return (this.data ??= JSON.stringify(this.parsed));
  }

  /** Returns whether the text has more characters. Rarely makes the text. */
  isLongerThan(length: number): boolean {
    if (this.data === undefined && lengthLeft(this.parsed!, length) < 0) return true;
    return this.text.length > length;
  }
}

/** The newest value of a state topic. */
interface Head {
  readonly content: Content;
  readonly time: number;
  snapshot: EncodedFrame | undefined;
}

/** The position at which a reader starts. `subscribed` announces `position` and `recovered`. */
export interface ReplayStart {
  readonly position: Position;
  readonly recovered: boolean;
  /** Offset up to which the reader has everything. 0: the reader has no value. */
  readonly cursor: number;
}

/** The next frames of a reader, and its cursor after them. */
export interface ReplayStep {
  readonly frames: readonly EncodedFrame[];
  readonly cursor: number;
}

/**
 * Holds the state of one topic on this node: position, value, recent publications and their frames.
 *
 * Every method is synchronous: nothing changes between two calls in one turn. Catching up without a gap depends on it.
 */
export class Timeline {
  readonly frames: TopicFrames;
  private epoch: string;
  private offset: number;
  private newestId: string;
  private head: Head | undefined;
  private readonly log: PublicationLog<TimelineEntry>;
  /** Offset of the oldest publication in the broker, as of the last read. */
  private oldestInBroker: number;
  /** The latest publication, while its frame goes to the subscribers. */
  private step:
    { readonly before: Head; readonly time: number; readonly frames: Map<string, EncodedFrame> } | undefined;
  private prepared: { readonly base: string; readonly value: Json; readonly delta: string | undefined } | undefined;

  constructor(
    readonly topic: string,
    readonly kind: TopicKind,
    limits: LogLimits,
    history: TopicHistory,
    private readonly diffOptions: DiffOptions = {},
  ) {
    this.frames = new TopicFrames(topic, kind);
    this.log = new PublicationLog(limits);
    this.epoch = history.epoch;
    this.offset = history.offset;
    this.newestId = history.id;
    this.oldestInBroker = history.oldest;
    this.head = this.headOf(history);
  }

  /** Id of the newest publication; empty if there is none. */
  get id(): string {
    return this.newestId;
  }

  get position(): Position {
    return { epoch: this.epoch, offset: this.offset };
  }

  /** The value of a state topic, frozen. Undefined if nothing was published. */
  get newest(): { readonly value: Json; readonly time: number } | undefined {
    const { head } = this;
    if (head === undefined) return undefined;
    return { value: freezeDeep(head.content.value), time: head.time };
  }

  /**
   * Starts over from the broker's history: after a new epoch, or after a gap that history does not fill.
   *
   * @throws DeltaError, and changes nothing, if the deltas of the history do not fit.
   */
  reset(history: TopicHistory): void {
    this.head = this.headOf(history);
    this.log.clear();
    this.epoch = history.epoch;
    this.offset = history.offset;
    this.newestId = history.id;
    this.oldestInBroker = history.oldest;
    this.prepared = undefined;
  }

  /** Whether the publication is the next one, and the broker has the same publication before it as this node. */
  isNext({ epoch, offset, previous }: LivePublication): boolean {
    return epoch === this.epoch && offset === this.offset + 1 && previous === this.newestId;
  }

  /**
   * Appends the next publication. Returns its frame: a patch, a snapshot or an event.
   *
   * @throws DeltaError, and changes nothing, if the publication is a delta that does not fit the newest value.
   */
  append(publication: LivePublication, now: number): EncodedFrame {
    const { id, offset, time } = publication;
    const before = this.head;
    const content = contentAfter(before?.content, publication);
    const head: Head | undefined = this.kind === 'state' ? { content, time, snapshot: undefined } : undefined;
    const delta = publication.delta ?? this.deltaTo(content);
    this.step = delta === undefined || before === undefined ? undefined : { before, time, frames: new Map() };
    this.offset = offset;
    this.newestId = id;
    this.head = head;
    const frame = this.store({ offset, id, time, ...(delta === undefined ? { data: content.text } : { delta }) }, now);
    if (head !== undefined && delta === undefined) head.snapshot = frame;
    return frame;
  }

  /**
   * Returns the delta from the newest value, if it is smaller than the value. Computes it once per publication, for the
   * broker and for the readers of this node.
   */
  deltaTo(content: Content): string | undefined {
    const { head, newestId: base, prepared } = this;
    if (head === undefined) return undefined;
    const { value } = content;
    if (prepared?.base === base && prepared.value === value) return prepared.delta;
    const delta = deltaBetween(head.content, content, this.diffOptions);
    this.prepared = { base, value, delta };
    return delta;
  }

  /**
   * Returns the patch of the latest publication for readers that do not know all of its operations. It is encoded once
   * for each set of operations. Undefined: the readers need a snapshot. Call it before {@link endStep}.
   */
  patchWith(deltas: readonly DeltaCapability[]): EncodedFrame | undefined {
    const { head, step } = this;
    const set = deltas.join();
    const existing = step?.frames.get(set);
    if (existing !== undefined || head === undefined || step === undefined) return existing;
    const options = { ...this.diffOptions, capabilities: deltas };
    const delta = deltaBetween(step.before.content, head.content, options);
    const frame = delta !== undefined ? this.frames.patch(this.offset, delta, step.time) : this.snapshotOf(head);
    step.frames.set(set, frame);
    return frame;
  }

  /** Forgets the value before the latest publication. */
  endStep(): void {
    this.step = undefined;
  }

  /**
   * Whether the publications of the history follow the newest one of this node. False: the broker has another epoch,
   * lost publications or forgot those in between.
   */
  isContinuedBy({ epoch, idAbove, offset, publications }: TopicHistory): boolean {
    if (epoch !== this.epoch || offset < this.offset || idAbove !== this.newestId) return false;
    return offset === this.offset || publications.some((publication) => publication.offset === this.offset + 1);
  }

  /** Whether the broker has another publication at the newest offset of this node, or none. */
  isContradictedBy({ epoch, idAbove, offset }: TopicHistory): boolean {
    if (epoch !== this.epoch) return false;
    return offset < this.offset || (idAbove !== undefined && idAbove !== this.newestId);
  }

  /**
   * Appends the publications of a history that continues this one. Returns each with its frame.
   *
   * @throws DeltaError, and changes nothing, if the deltas of the history do not fit.
   */
  extend(history: TopicHistory, now: number): readonly (readonly [EncodedFrame, StoredPublication])[] {
    const newer = history.publications.filter(({ offset }) => offset > this.offset);
    this.head = this.headOf(history);
    this.offset = history.offset;
    this.newestId = history.id;
    return newer.map((publication) => [this.store(publication, now), publication] as const);
  }

  /** Inserts older publications from the broker's history, so that readers can catch up from further back. */
  prepend(history: TopicHistory, now: number): void {
    if (history.epoch !== this.epoch) return;
    this.oldestInBroker = history.oldest;
    if (history.publications.some((publication) => this.contradicts(publication))) return;
    const older = history.publications.filter(({ offset }) => offset <= this.offset);
    this.log.prepend(
      older.map((publication) => this.entryOf(publication)),
      now,
    );
  }

  /**
   * Returns whether this node has a different publication at that offset. Then the broker lost publications and
   * assigned their offsets again.
   */
  contradicts({ offset, id }: StoredPublication): boolean {
    const existing = offset === this.offset ? this.newestId : this.log.at(offset)?.id;
    return existing !== undefined && existing !== id;
  }

  /** Returns the part of the history to read before a reader can start at `since`. Undefined: none. */
  missingFor(since: Since | undefined): 'newer' | { readonly above: number } | undefined {
    if (since === undefined) return undefined;
    if (since !== 'oldest' && (since.epoch !== this.epoch || since.offset > this.offset)) return 'newer';
    const oldest = this.log.oldest ?? this.offset + 1;
    if (since === 'oldest') return this.oldestInBroker < oldest ? { above: 0 } : undefined;
    const above = since.offset;
    // A state topic has no value at 0, so that no patch can follow it.
    if (this.kind === 'state' && above === 0) return undefined;
    return above + 1 < oldest && this.oldestInBroker <= above + 1 ? { above } : undefined;
  }

  /** Returns the start of a reader with the position `since`. */
  start(since: Since | undefined): ReplayStart {
    const { position, offset } = this;
    if (this.kind === 'state') {
      const recovered = since !== undefined && since !== 'oldest' && this.includes(since);
      return { position, recovered, cursor: recovered ? since.offset : 0 };
    }
    if (since === undefined) return { position, recovered: false, cursor: offset };
    const oldest = this.log.oldest ?? offset + 1;
    if (since === 'oldest') return { position, recovered: oldest === 1, cursor: oldest - 1 };
    const recovered = this.includes(since) && since.offset + 1 >= oldest;
    return { position, recovered, cursor: recovered ? since.offset : offset };
  }

  /**
   * Returns the frames that follow `cursor`, for a reader that knows these optional delta operations (default: all).
   * Undefined: the reader has everything. `'lost'`: the history no longer holds the next event.
   */
  after(cursor: number, deltas = DELTA_CAPABILITIES): ReplayStep | 'lost' | undefined {
    if (cursor >= this.offset) return undefined;
    return this.kind === 'state' ? this.stateAfter(cursor, deltas) : this.eventsAfter(cursor);
  }

  private stateAfter(cursor: number, deltas: readonly DeltaCapability[]): ReplayStep | undefined {
    const { head, offset } = this;
    if (head === undefined) return undefined;
    const patches = this.patchesAfter(cursor, head);
    const areReadable = patches?.every((frame) => isReadable(frame, deltas));
    return { frames: areReadable ? patches! : [this.snapshotOf(head)], cursor: offset };
  }

  private snapshotOf(head: Head): EncodedFrame {
    return (head.snapshot ??= this.frames.snapshot(this.position, head.content.text, head.time));
  }

  /** Returns undefined if a patch is missing, or if the patches are as long as the value. */
  private patchesAfter(cursor: number, head: Head): readonly EncodedFrame[] | undefined {
    if (this.log.at(cursor + 1) === undefined) return undefined;
    let length = 0;
    const entries: TimelineEntry[] = [];
    for (let offset = this.offset; offset > cursor; offset--) {
      const entry = this.log.at(offset);
      if (entry?.delta === undefined) return undefined;
      length += entry.delta.length + (offset === this.offset ? 0 : PATCH_ENVELOPE_LENGTH);
      entries.push(entry);
    }
    if (!head.content.isLongerThan(length)) return undefined;
    return entries.reverse().map((entry) => this.frameOf(entry));
  }

  private eventsAfter(cursor: number): ReplayStep | 'lost' {
    const frames: EncodedFrame[] = [];
    let bytes = 0;
    for (const entry of this.log.above(cursor, MAX_REPLAY_EVENTS)) {
      if (entry.offset !== cursor + frames.length + 1) return 'lost';
      frames.push(this.frameOf(entry));
      bytes += entry.size;
      if (bytes >= MAX_REPLAY_BYTES) break;
    }
    return frames.length === 0 ? 'lost' : { frames, cursor: cursor + frames.length };
  }

  private includes(since: Position): boolean {
    return since.epoch === this.epoch && since.offset <= this.offset;
  }

  private store(publication: StoredPublication, now: number): EncodedFrame {
    const entry = this.entryOf(publication);
    entry.frame = this.frameOf(entry);
    this.log.push(entry, now);
    const outdated = this.log.at(entry.offset - MAX_ENCODED_FRAMES);
    if (outdated !== undefined) outdated.frame = undefined;
    return entry.frame;
  }

  private entryOf(publication: StoredPublication): TimelineEntry {
    const { offset, id, time, data, delta } = publication;
    const size = Buffer.byteLength((delta ?? data)!);
    return { offset, id, time, size, frame: undefined, ...(delta === undefined ? { data } : { delta }) };
  }

  private frameOf(entry: TimelineEntry): EncodedFrame {
    if (entry.frame !== undefined) return entry.frame;
    const { offset, time, delta, data } = entry;
    if (delta !== undefined) return this.frames.patch(offset, delta, time);
    if (this.kind === 'events') return this.frames.event(offset, data!, time);
    return this.frames.snapshot({ epoch: this.epoch, offset }, data!, time);
  }

  /** @throws DeltaError */
  private headOf({ base, publications, time }: TopicHistory): Head | undefined {
    if (this.kind !== 'state' || base === undefined || time === undefined) return undefined;
    let content = new Content(base.data);
    for (const publication of publications) {
      if (publication.offset > base.offset) content = contentAfter(content, publication);
    }
    return { content, time, snapshot: undefined };
  }
}

/** @throws DeltaError if the delta is not JSON or does not fit. */
function contentAfter(before: Content | undefined, { data, delta, value }: AppendedPublication): Content {
  if (value !== undefined || data !== undefined) return new Content(data, value);
  if (before === undefined) throw new DeltaError('There is no value that the delta could change.');
  return new Content(undefined, applyDelta(before.value, parse(delta!)));
}

function parse(delta: string): Json {
  try {
    return JSON.parse(delta) as Json;
  } catch {
    throw new DeltaError('The delta is not JSON.');
  }
}

/** Returns the delta between two values as JSON. Undefined: it is not smaller than the value. */
export function deltaBetween(before: Content, after: Content, options: DiffOptions): string | undefined {
  const delta = JSON.stringify(diff(before.value, after.value, options));
  return after.isLongerThan(delta.length) ? delta : undefined;
}

/** Subtracts characters of the JSON text of a value until the length is negative. Counts too few, never too many. */
function lengthLeft(value: Json, length: number): number {
  if (typeof value === 'string') return length - value.length - 2;
  if (typeof value !== 'object' || value === null) return length - 1;
  let left = length - 2;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && left >= 0; index++) left = lengthLeft(value[index] as Json, left);
    return left;
  }
  for (const [key, part] of Object.entries(value)) {
    if (left < 0) break;
    left = lengthLeft(part, left - key.length - 3);
  }
  return left;
}

/** Freezes a JSON value. All parts of a frozen object are frozen already. */
export function freezeDeep<T extends Json>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value) as Json[]) freezeDeep(part);
  return value;
}
