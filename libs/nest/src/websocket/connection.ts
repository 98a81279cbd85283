import { CLOSE_CODES, ProtocolError, type ClientFrame, type HelloFrame, type ServerFrame } from '@statewire/protocol';

import { Outbox } from '../delivery/outbox.js';
import { RealtimeError, toClientError } from '../core/errors.js';
import { closingAfter, INTERNAL_ERROR, type Closing } from './closing.js';
import type { ConnectionNode } from './connection-node.js';
import type { ConnectionSocket } from './connection-socket.js';
import { Credentials } from './credentials.js';
import type { UpgradeContext } from './upgrade-context.js';
import { FrameGate, type Refused } from './frame-gate.js';
import type { QueuedFrame } from './frame-queue.js';
import { Heartbeat } from './heartbeat.js';
import { HeldFrames } from './held-frames.js';
import { idOf, refusalsOf } from './error-frames.js';
import { revokedError } from '../admission/revocations.js';
import { Session } from './session.js';
import { PING, pongTo } from './ping.js';
import { overdue, type Phase } from './phase.js';
import { authenticated, welcome } from './welcome.js';

/** Milliseconds after which a frame is worth sending again when too many wait. */
const RETRY_AFTER = 1_000;

/**
 * One socket from its first byte to its last: greeting, admission, heartbeat, limits, the end.
 *
 * It is told what arrives (`receive`, `gone`) and that time passes (`beat`), and never throws. Knows nothing of Nest,
 * and nothing of sockets but `ConnectionSocket`.
 */
export class Connection {
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly connectedAt: number;

  private phase: Phase = 'greeting';
  private phaseBegan: number;
  private session: Session | undefined;
  private farewell: Closing | undefined;
  private readonly credentials: Credentials;
  private readonly gate: FrameGate;
  private readonly heartbeat: Heartbeat;
  private readonly held: HeldFrames;
  private readonly outbox: Outbox;

  constructor(
    private readonly socket: ConnectionSocket,
    private readonly entrance: UpgradeContext,
    private readonly node: ConnectionNode,
    private readonly onGone: () => void,
  ) {
    const { environment, options, pulse } = node;
    this.id = environment.id();
    this.connectedAt = environment.now();
    this.phaseBegan = pulse.now;
    this.credentials = new Credentials(this.id, entrance, node);
    const { network } = entrance.received;
    this.gate = new FrameGate(options.limits, environment, () => {
      return node.rates.rejectAddress(network) ?? node.rates.rejectUser(this.user);
    });
    this.heartbeat = new Heartbeat(options.heartbeat, pulse);
    this.held = new HeldFrames(socket, options.limits.frames);
    this.outbox = new Outbox(socket.frames, node.outbox, () => {
      this.close(CLOSE_CODES.slowConsumer);
    });
  }

  /** Id of the identity; undefined for anonymous callers and before credentials were verified. */
  get user(): string | undefined {
    return this.credentials.user;
  }

  /** Names of the topics that are followed. */
  get topics(): readonly string[] {
    return this.session?.topics ?? [];
  }

  /** Milliseconds since anything arrived, as coarse as the node's pulse. */
  get silence(): number {
    return this.heartbeat.silence;
  }

  /** A message arrived. */
  receive(data: Buffer, binary: boolean): void {
    if (this.phase === 'closed') return;
    this.heartbeat.heard();
    try {
      const read = this.gate.read(data, binary);
      if (read.type === 'refused') this.answerBad(read);
      else this.take(read.frame, data.length);
    } catch (thrown) {
      // What is thrown into a socket's event ends the process.
      this.close(INTERNAL_ERROR, toClientError(thrown, this.node.log, this.id));
    }
  }

  /** A ping or a pong of WebSocket itself arrived. It costs as much as a frame, and counts as one. */
  receiveControl(): void {
    if (this.phase === 'closed') return;
    this.heartbeat.heard();
    if (this.gate.refuseTooFast()?.tooMany) this.close(CLOSE_CODES.tooManyRequests);
  }

  /** The socket is gone. */
  gone(): void {
    if (this.phase !== 'closed') this.node.counters.closes.add('peer');
    this.end();
    this.entrance.seat.leave();
    this.onGone();
  }

  /** Time has passed. Called with each beat of the node's pulse. */
  beat(): void {
    if (this.phase === 'closed') return;
    const due = overdue(this.phase, this.node.pulse.now - this.phaseBegan, this.node.options.limits.timeouts);
    if (due !== undefined) this.close(due);
    else if (this.session === undefined || !this.closeIfEnded()) this.keepAlive();
  }

  /** Its permission was taken back: it goes now, or hears until when it may stay without new credentials. */
  revoked(): void {
    if (this.phase === 'closed' || this.closeIfEnded() || this.phase !== 'open') return;
    this.send(authenticated(this.credentials.expiresAt));
  }

  /** Tells the client to come back elsewhere at a random moment within so many milliseconds. */
  drain(reconnectWithin: number): void {
    if (this.phase === 'open') this.send({ type: 'drain', reconnectWithin });
    else this.close(CLOSE_CODES.draining);
  }

  /** Closes as soon as no action runs; new ones are refused meanwhile. */
  closeAfterActions(farewell: Closing): void {
    this.farewell = farewell;
    this.session?.leave();
    this.closeIfIdle();
  }

  /** Ends the connection; `error` is its last frame. */
  close(closing: Closing, error?: RealtimeError): void {
    if (this.phase === 'closed') return;
    if (error !== undefined) this.send(error.toFrame());
    this.end();
    this.node.counters.closes.add(closing.code);
    this.node.log.debug('connection-closed', { reason: closing.meaning, code: closing.code, connection: this.id });
    this.socket.close(closing.code, closing.meaning);
  }

  /** Ends the socket without waiting for the peer. */
  terminate(closing: Closing): void {
    this.close(closing);
    this.socket.terminate();
  }

  private end(): void {
    this.phase = 'closed';
    this.held.clear();
    this.session?.close();
    this.outbox.close();
  }

  private take(frame: ClientFrame, bytes: number): void {
    switch (frame.type) {
      case 'hello':
        if (this.phase === 'greeting') void this.admit(frame);
        else this.answerMisplaced('`hello` is sent once.', frame);
        return;
      case 'ping':
      case 'pong':
        if (this.passes(frame, this.gate.refuseTooFast()) && frame.type === 'ping') this.outbox.send(pongTo(frame));
        return;
      default:
        this.queue(frame, bytes);
    }
  }

  private queue(frame: QueuedFrame, bytes: number): void {
    if (this.phase === 'greeting') {
      this.answerMisplaced('`hello` is the first frame.', frame);
      return;
    }
    const tooLong = this.gate.refuseTooLong(frame);
    if (tooLong !== undefined) {
      this.send(tooLong.toFrame(idOf(frame)));
      return;
    }
    // What was pipelined is bounded by what is held, not by the connection's rate: who comes back has much to say.
    const refused = this.phase === 'open' ? this.gate.refuseTooFast() : this.gate.refuseTooManyTogether();
    if (!this.passes(frame, refused)) return;
    if (frame.type === 'subscribe' && !this.passes(frame, this.gate.refuseTopics(frame, this.session))) return;
    if (this.session === undefined || !this.held.isEmpty) {
      this.held.push(frame, bytes);
    } else if (this.session.hasRoom) {
      this.session.push(frame);
    } else {
      const message = `At most ${this.node.options.limits.frames.waiting} frames of a connection wait.`;
      this.refuse(frame, new RealtimeError('too_many_requests', message, { retryAfter: RETRY_AFTER }));
    }
  }

  private async admit(hello: HelloFrame): Promise<void> {
    this.enter('admitting');
    try {
      await this.credentials.greet(hello);
      if (this.phase !== 'admitting') return;
      this.entrance.seat.admit(this.user);
      this.session = new Session(this.credentials, this.outbox, this.node, () => this.settle());
      this.enter('open');
      this.node.counters.connectionsAdmitted += 1;
      this.send(welcome(this.id, this.node, this.credentials.expiresAt));
      this.settle();
    } catch (thrown) {
      if (this.phase === 'closed') return;
      const error = toClientError(thrown, this.node.log, this.id);
      this.node.log.warn('hello-refused', { reason: error.code, connection: this.id });
      this.close(closingAfter(error), error);
    }
  }

  /** Something has settled: held frames may take their turn, or the connection its leave. */
  private settle(): void {
    while (this.session?.hasRoom && this.phase === 'open') {
      const frame = this.held.shift();
      if (frame === undefined) break;
      this.session.push(frame);
    }
    this.closeIfIdle();
  }

  private closeIfIdle(): void {
    if (this.farewell !== undefined && this.session?.isIdle !== false) this.close(this.farewell);
  }

  /** @returns whether the credentials have ended, and with them the connection. */
  private closeIfEnded(): boolean {
    const { ended } = this.credentials;
    if (ended === 'expired') this.close(CLOSE_CODES.tokenExpired);
    if (ended === 'revoked') this.close(CLOSE_CODES.rejected, revokedError());
    return ended !== undefined;
  }

  private keepAlive(): void {
    // While nothing is read, nothing can be heard.
    if (this.held.isFull) this.heartbeat.heard();
    switch (this.heartbeat.check(this.outbox.writtenBytes)) {
      case 'lost':
        // Nobody is there to answer the closing handshake.
        this.terminate(CLOSE_CODES.heartbeatLost);
        return;
      case 'ping':
        if (this.phase === 'open') this.outbox.send(PING);
        return;
      case 'alive':
    }
  }

  private passes(frame: ClientFrame, refused: Refused | undefined): boolean {
    if (refused === undefined) return true;
    this.refuse(frame, refused.error);
    if (refused.tooMany) this.close(CLOSE_CODES.tooManyRequests);
    return false;
  }

  private refuse(frame: ClientFrame, error: RealtimeError): void {
    for (const refusal of refusalsOf(frame, error)) this.send(refusal);
  }

  private answerMisplaced(message: string, frame: ClientFrame): void {
    this.answerBad(this.gate.refuseBad(new ProtocolError('bad_request', message, idOf(frame))));
  }

  private answerBad({ error, asked: about, tooMany }: Refused): void {
    this.node.log.debug('bad-frame', { reason: error.code, connection: this.id });
    this.send(error.toFrame(about));
    if (tooMany) this.close(CLOSE_CODES.tooManyBadFrames);
  }

  private enter(phase: Phase): void {
    this.phase = phase;
    this.phaseBegan = this.node.pulse.now;
  }

  private send(frame: ServerFrame): void {
    this.outbox.send(frame);
  }
}
