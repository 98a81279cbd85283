import {
  CLOSE_CODES,
  parseClientFrame,
  ProtocolError,
  SAFE_FRAME_BYTES,
  type ActionFrame,
  type AnsweredActions,
  type AuthenticateFrame,
  type ClientFrame,
  type ErrorFrame,
  type HelloFrame,
  type PingFrame,
  type SubscribeFrame,
  type UnsubscribeFrame,
} from '@statewire/protocol';

import type { RealtimeLimits } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import { ConnectionFrameLimits, type RejectedFrame } from '../rate-limiting/rate-limiter.js';
import type { Closing, Phase } from './closing.js';
import type { ConnectionSocket } from './connection-context.js';
import type { Subscriptions } from './subscriptions.js';

/** Sent with the error if too many frames wait. */
const RETRY_AFTER_MS = 1_000;

/** Most topics that clients put into one frame. Each of them gets its own answer, also if the limit is lower. */
const USUAL_TOPICS = 32;

/** A frame that waits for its turn. */
type QueuedFrame = AnsweredActions & (AuthenticateFrame | SubscribeFrame | UnsubscribeFrame | ActionFrame);

/** Runs the frames of one connection. Nothing here throws or rejects. */
export interface FrameRunner {
  readonly phase: Phase;
  isParallel(action: string): boolean;
  admit(frame: HelloFrame & AnsweredActions): Promise<void>;
  answerPing(frame: PingFrame): void;
  authenticate(frame: AuthenticateFrame): Promise<void>;
  /** Returns undefined if the action has been answered. */
  act(frame: ActionFrame): Promise<void> | undefined;
  /** Forgets the answers that the client says it has. */
  forget(answered: readonly string[]): void;
  changeTopics(frame: SubscribeFrame | UnsubscribeFrame): void;
  send(frame: ErrorFrame): void;
  close(closing: Closing): void;
  /** Called when the queue answered a bad frame. */
  reportBadFrame(error: RealtimeError): void;
  /** Called after a frame has settled and further frames have started. */
  settled(): void;
}

export interface InboundQueueOptions {
  readonly runner: FrameRunner;
  readonly topics: Pick<Subscriptions, 'has' | 'settled' | 'waiting'>;
  readonly socket: Pick<ConnectionSocket, 'pause' | 'resume'>;
  readonly limits: RealtimeLimits;
  readonly clock: { monotonic(): number };
  /** Counts a frame against the limits that the user and the address share. */
  readonly rejectShared: () => RealtimeError | undefined;
}

/**
 * Takes the frames of one connection: parses them, counts them against the limits, holds them until `hello` is settled,
 * and runs them in order. `authenticate` runs alone. Actions run one at a time, except for parallel ones.
 */
export class InboundQueue {
  private readonly limits: ConnectionFrameLimits;
  /** Frames that arrived before `hello` was settled, and those that arrived behind them. */
  private readonly held: { readonly frame: QueuedFrame; readonly bytes: number }[] = [];
  private heldBytes = 0;
  private paused = false;
  private readonly waiting: QueuedFrame[] = [];
  private authenticating = false;
  private serialActionRuns = false;
  private runningActions = 0;

  private readonly runner: FrameRunner;

  constructor(private readonly options: InboundQueueOptions) {
    const { clock, limits, rejectShared, runner } = options;
    this.limits = new ConnectionFrameLimits(limits, clock, rejectShared);
    this.runner = runner;
  }

  /** Whether the queue has stopped reading from the socket. The silence of the client means nothing then. */
  get isPaused(): boolean {
    return this.paused;
  }

  /** Whether no action runs. */
  get isIdle(): boolean {
    return this.runningActions === 0;
  }

  /** Takes a message. Answers it if it is no frame, is misplaced, or exceeds a limit. */
  receive(data: Buffer, binary: boolean): void {
    const frame = this.parse(data, binary);
    if (frame === undefined) return;
    switch (frame.type) {
      case 'hello':
        if (this.runner.phase === 'greeting') void this.runner.admit(frame);
        else this.rejectMisplaced(frame, 'Send `hello` once.');
        return;
      case 'ping':
      case 'pong':
        if (!this.passes(frame, this.limits.rejectFrame())) return;
        this.forgetAnswers(frame);
        if (frame.type === 'ping') this.runner.answerPing(frame);
        return;
      default:
        this.accept(frame, data.length);
    }
  }

  /** Counts a ping or a pong of WebSocket itself as a frame. */
  receiveControl(): void {
    if (this.limits.rejectFrame()?.isTooMany) this.runner.close(CLOSE_CODES.tooManyRequests);
  }

  /** Starts the frames whose turn has come. Called when `hello`, `authenticate`, an action or a topic has settled. */
  advance(): void {
    this.start();
    while (this.runner.phase === 'open' && this.hasRoom) {
      const next = this.held.shift();
      if (next === undefined) break;
      this.heldBytes -= next.bytes;
      if (this.held.length === 0) this.resume();
      this.waiting.push(next.frame);
      this.start();
    }
    this.runner.settled();
  }

  /** Drops the frames that have not started. */
  clear(): void {
    this.held.length = 0;
    this.heldBytes = 0;
    this.waiting.length = 0;
  }

  private get hasRoom(): boolean {
    const { limits, topics } = this.options;
    const { waiting } = limits.frames;
    return waiting === 0 || this.waiting.length + topics.waiting < waiting;
  }

  private parse(data: Buffer, binary: boolean): ClientFrame | undefined {
    try {
      if (binary) throw new ProtocolError('bad_request', 'The message is binary. Send frames as text messages.');
      const { bytes, depth } = this.options.limits.frames;
      // A subscribe of many topics, or a long token, is no larger action.
      const frame = parseClientFrame(data.toString(), { bytes: bytes && Math.max(bytes, SAFE_FRAME_BYTES), depth });
      if (frame.type !== 'action' || bytes === 0 || data.length <= bytes) return frame;
      throw new ProtocolError(
        'too_large',
        `The action has ${data.length} bytes, at most ${bytes} are accepted. Send less data.`,
        {
          id: frame.id,
        },
      );
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.rejectBad(error);
      return undefined;
    }
  }

  private accept(frame: QueuedFrame, bytes: number): void {
    const { phase } = this.runner;
    const { connections, frames } = this.options.limits;
    const { subscriptions } = connections;
    if (phase === 'greeting') return this.rejectMisplaced(frame, 'Send `hello` first.');
    const maxTopics = Math.max(subscriptions, USUAL_TOPICS);
    if ('topics' in frame && subscriptions > 0 && frame.topics.length > maxTopics) {
      // One error for the frame: an error for each topic would be many times the size of the frame.
      const message = `A frame may name at most ${maxTopics} topics.`;
      return this.runner.send(new RealtimeError('too_many_subscriptions', message).toFrame(echoOfFrame(frame)));
    }
    // The limits of held frames apply to pipelined frames, because a client that returns has much to say.
    const rejected = phase === 'open' ? this.limits.rejectFrame() : this.limits.rejectPipelined();
    if (!this.passes(frame, rejected)) return;
    if (frame.type === 'subscribe' && !this.passes(frame, this.limits.rejectTopics(this.newTopics(frame)))) return;
    if (phase !== 'open' || this.held.length > 0) return this.hold(frame, bytes);
    if (this.hasRoom) {
      this.waiting.push(frame);
      return this.start();
    }
    const message = `At most ${frames.waiting} frames of a connection may wait. Wait for an answer before the next frame.`;
    this.reject(frame, new RealtimeError('too_many_requests', message, { retryAfter: RETRY_AFTER_MS }));
  }

  private newTopics({ topics }: SubscribeFrame): number {
    return topics.filter(({ topic }) => !this.options.topics.has(topic)).length;
  }

  /** Holds a frame, and stops reading at the limits, so that no frame is rejected. */
  private hold(frame: QueuedFrame, bytes: number): void {
    this.held.push({ frame, bytes });
    this.heldBytes += bytes;
    const { pipelined, pipelinedBytes } = this.options.limits.frames;
    const isFull =
      (pipelined > 0 && this.held.length >= pipelined) || (pipelinedBytes > 0 && this.heldBytes >= pipelinedBytes);
    if (!isFull || this.paused) return;
    this.paused = true;
    this.options.socket.pause();
  }

  private resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.options.socket.resume();
  }

  private start(): void {
    for (let [next] = this.waiting; next !== undefined && this.mayStart(next); [next] = this.waiting) {
      this.waiting.shift();
      this.run(next);
    }
  }

  private mayStart(frame: QueuedFrame): boolean {
    const { limits, topics } = this.options;
    if (this.authenticating) return false;
    switch (frame.type) {
      case 'authenticate':
        return topics.settled;
      case 'action':
        if (limits.frames.waiting > 0 && this.runningActions >= limits.frames.waiting) return false;
        return !this.serialActionRuns || this.runner.isParallel(frame.name);
      case 'subscribe':
      case 'unsubscribe':
        return true;
    }
  }

  /** The answers belong to the identity of the client, which the server knows only after `hello`. */
  private forgetAnswers({ answered }: AnsweredActions): void {
    if (answered !== undefined && this.runner.phase === 'open') this.runner.forget(answered);
  }

  private run(frame: QueuedFrame): void {
    this.forgetAnswers(frame);
    switch (frame.type) {
      case 'authenticate':
        void this.runAuthenticate(frame);
        return;
      case 'action':
        this.runAction(frame);
        return;
      case 'subscribe':
      case 'unsubscribe':
        this.runner.changeTopics(frame);
    }
  }

  private async runAuthenticate(frame: AuthenticateFrame): Promise<void> {
    this.authenticating = true;
    await this.runner.authenticate(frame);
    this.authenticating = false;
    this.advance();
  }

  private runAction(frame: ActionFrame): void {
    const isSerial = !this.runner.isParallel(frame.name);
    if (isSerial) this.serialActionRuns = true;
    this.runningActions += 1;
    const running = this.runner.act(frame);
    if (running !== undefined) {
      void running.then(() => {
        this.endAction(isSerial);
        this.advance();
      });
      return;
    }
    this.endAction(isSerial);
    this.runner.settled();
  }

  private endAction(isSerial: boolean): void {
    if (isSerial) this.serialActionRuns = false;
    this.runningActions -= 1;
  }

  private passes(frame: ClientFrame, rejected: RejectedFrame | undefined): boolean {
    if (rejected === undefined) return true;
    this.reject(frame, rejected.error);
    if (rejected.isTooMany) this.runner.close(CLOSE_CODES.tooManyRequests);
    return false;
  }

  private reject(frame: ClientFrame, error: RealtimeError): void {
    for (const errorFrame of toErrorFrames(frame, error)) this.runner.send(errorFrame);
  }

  private rejectMisplaced(frame: ClientFrame, message: string): void {
    this.rejectBad(new ProtocolError('bad_request', message, echoOfFrame(frame)));
  }

  private rejectBad({ code, message, correlation }: ProtocolError): void {
    const isTooMany = this.limits.countBad();
    const error = new RealtimeError(code, message);
    this.runner.reportBadFrame(error);
    this.runner.send(error.toFrame(correlation));
    if (isTooMany) this.runner.close(CLOSE_CODES.tooManyBadFrames);
  }
}

/** Makes the frames that reject a frame as a whole: one for each of its topics, none for a `pong`. */
function toErrorFrames(frame: ClientFrame, error: RealtimeError): readonly ErrorFrame[] {
  switch (frame.type) {
    case 'subscribe':
      return frame.topics.map(({ topic }) => error.toFrame({ topic, ...echoOfFrame(frame) }));
    case 'unsubscribe':
      return frame.topics.map((topic) => error.toFrame({ topic, ...echoOfFrame(frame) }));
    case 'pong':
      return [];
    case 'hello':
    case 'authenticate':
    case 'action':
    case 'ping':
      return [error.toFrame(echoOfFrame(frame))];
  }
}

/** @returns the part of a frame that an answer to the whole frame echoes. */
function echoOfFrame(frame: ClientFrame): { readonly id?: string; readonly ref?: string } {
  if (frame.type === 'action') return { id: frame.id };
  return 'ref' in frame && frame.ref !== undefined ? { ref: frame.ref } : {};
}
