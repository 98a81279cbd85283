import {
  requiredCapabilities,
  type DeltaCapability,
  type Position,
  type ServerFrame,
  type TopicKind,
} from '@statewire/protocol';

import { FRAME_KINDS, type FrameKind } from '../core/counters.js';

/** The FIN bit and the opcode of a text message (RFC 6455 §5.2). */
const FINAL_TEXT = 0x81;

/** A frame, encoded once for all its receivers. */
export interface EncodedFrame {
  /** The JSON text, for HTTP responses and for sockets without direct writes. */
  readonly text: string;
  /** One complete, unmasked WebSocket text message (RFC 6455 §5.2): header and payload in one buffer. */
  readonly message: Buffer;
  /** Size of `message` in bytes. Reading it does not create the buffer. */
  readonly size: number;
  /** The counter of the frame. */
  readonly kind: FrameKind;
  /** Optional delta operations that a reader of the frame has to know. Found on first use. */
  readonly requires: readonly DeltaCapability[];
}

class TextFrame implements EncodedFrame {
  private bytes = -1;
  private framed: Buffer | undefined;
  private required: readonly DeltaCapability[] | undefined;

  constructor(
    readonly text: string,
    readonly kind: FrameKind,
  ) {}

  get size(): number {
    const payload = this.payloadBytes();
    return payload + headerBytes(payload);
  }

  get requires(): readonly DeltaCapability[] {
    return (this.required ??= this.kind === FRAME_KINDS.patch ? requiredCapabilities(this.text) : []);
  }

  get message(): Buffer {
    return (this.framed ??= this.frame());
  }

  private payloadBytes(): number {
    if (this.bytes < 0) this.bytes = Buffer.byteLength(this.text);
    return this.bytes;
  }

  private frame(): Buffer {
    const payload = this.payloadBytes();
    const header = headerBytes(payload);
    const message = Buffer.allocUnsafe(header + payload);
    message[0] = FINAL_TEXT;
    if (header === 2) {
      message[1] = payload;
    } else if (header === 4) {
      message[1] = 126;
      message.writeUInt16BE(payload, 2);
    } else {
      message[1] = 127;
      message.writeBigUInt64BE(BigInt(payload), 2);
    }
    message.write(this.text, header, 'utf8');
    return message;
  }
}

function headerBytes(payload: number): 2 | 4 | 10 {
  if (payload < 126) return 2;
  return payload < 65_536 ? 4 : 10;
}

/** Returns whether a reader that knows these optional delta operations can apply the frame. */
export function isReadable({ requires }: EncodedFrame, deltas: readonly DeltaCapability[]): boolean {
  return requires.length === 0 || requires.every((operation) => deltas.includes(operation));
}

/** Encodes a frame. {@link TopicFrames} encodes the frames of topics without parsing or stringifying their values. */
export function encodeFrame(frame: ServerFrame): EncodedFrame {
  return encodeText(JSON.stringify(frame));
}

/** Encodes a frame from its JSON text. */
export function encodeText(text: string, kind: FrameKind = FRAME_KINDS.other): EncodedFrame {
  return new TextFrame(text, kind);
}

/** Encodes the frames of one topic from the JSON text of each value. */
export class TopicFrames {
  private readonly topic: string;
  private lastStale: { readonly since: number; readonly frame: EncodedFrame } | undefined;
  private freshFrame: EncodedFrame | undefined;

  constructor(
    private readonly name: string,
    private readonly kind: TopicKind,
  ) {
    this.topic = JSON.stringify(name);
  }

  /** @param staleSince when the topic became stale; undefined while it is current. */
  subscribed({ epoch, offset }: Position, recovered: boolean, ref?: string, staleSince?: number): EncodedFrame {
    const { name: topic, kind } = this;
    return encodeFrame({
      type: 'subscribed',
      topic,
      kind,
      epoch,
      offset,
      recovered,
      ...(staleSince === undefined ? {} : { staleSince }),
      ...(ref === undefined ? {} : { ref }),
    });
  }

  /** All subscribers of an outage share one frame. */
  stale(since: number): EncodedFrame {
    if (this.lastStale?.since !== since) {
      this.lastStale = { since, frame: encodeFrame({ type: 'stale', since, topics: [this.name] }) };
    }
    return this.lastStale.frame;
  }

  fresh(): EncodedFrame {
    return (this.freshFrame ??= encodeFrame({ type: 'fresh', topics: [this.name] }));
  }

  snapshot({ epoch, offset }: Position, data: string, time: number): EncodedFrame {
    return encodeText(
      `{"type":"snapshot","topic":${this.topic},"epoch":"${epoch}","offset":${offset},"data":${data},"time":${time}}`,
      FRAME_KINDS.snapshot,
    );
  }

  /** Encodes the step from the value at `offset - 1` to the value at `offset`. */
  patch(offset: number, delta: string, time: number): EncodedFrame {
    return encodeText(
      `{"type":"patch","topic":${this.topic},"from":${offset - 1},"offset":${offset},"delta":${delta},"time":${time}}`,
      FRAME_KINDS.patch,
    );
  }

  event(offset: number, data: string, time: number): EncodedFrame {
    return encodeText(
      `{"type":"event","topic":${this.topic},"offset":${offset},"data":${data},"time":${time}}`,
      FRAME_KINDS.event,
    );
  }
}

/**
 * The frames that one outbox writes at the end of a tick. A batch is a node in a tree that all outboxes of the tick
 * share: outboxes with the same pending frames hold the same node, so that their bytes are concatenated once.
 */
export class Batch {
  private lastNext: Batch | undefined;
  private others: Map<EncodedFrame, Batch> | undefined;
  private joined: readonly [Buffer] | undefined;

  private constructor(
    private readonly previous: Batch | undefined,
    private readonly frame: EncodedFrame | undefined,
    /** Number of frames. */
    readonly length: number,
    /** Bytes of all messages. */
    readonly size: number,
  ) {}

  static empty(): Batch {
    return new Batch(undefined, undefined, 0, 0);
  }

  /** Returns the batch with one more frame at its end. */
  with(frame: EncodedFrame): Batch {
    const last = this.lastNext;
    if (last?.frame === frame) return last;
    const existing = this.others?.get(frame);
    if (existing !== undefined) return existing;
    const next = new Batch(this, frame, this.length + 1, this.size + frame.size);
    if (last?.frame !== undefined) (this.others ??= new Map<EncodedFrame, Batch>()).set(last.frame, last);
    this.lastNext = next;
    return next;
  }

  /** Returns the batch with one more frame, inserted before the topic frames at its end. */
  withAhead(frame: EncodedFrame): Batch {
    const overtaken: EncodedFrame[] = [];
    let [batch, { frame: last, previous }] = [this as Batch, this.path()];
    while (last !== undefined && previous !== undefined && last.kind !== FRAME_KINDS.other) {
      overtaken.push(last);
      batch = previous;
      ({ frame: last, previous } = batch.path());
    }
    return overtaken.reduceRight((longer, next) => longer.with(next), batch.with(frame));
  }

  /** Returns all frames in order. */
  frames(): readonly EncodedFrame[] {
    const frames: EncodedFrame[] = [];
    let { frame, previous } = this.path();
    while (frame !== undefined) {
      frames.push(frame);
      ({ frame, previous } = previous?.path() ?? {});
    }
    return frames.reverse();
  }

  /** All messages in one buffer, created on first use. In a list, because ws takes one, and all outboxes share it. */
  get messages(): readonly [Buffer] {
    return (this.joined ??= [this.join()]);
  }

  private path(): { frame: EncodedFrame | undefined; previous: Batch | undefined } {
    return { frame: this.frame, previous: this.previous };
  }

  private join(): Buffer {
    const frames = this.frames();
    const [only] = frames;
    if (only !== undefined && frames.length === 1) return only.message;
    return Buffer.concat(
      frames.map((frame) => frame.message),
      this.size,
    );
  }
}
