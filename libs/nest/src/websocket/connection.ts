import {
  CLOSE_CODES,
  SAFE_FRAME_BYTES,
  type ActionFrame,
  type AnsweredActions,
  type AuthenticateFrame,
  type ErrorFrame,
  type HelloFrame,
  type PingFrame,
  type ServerFrame,
  type SubscribeFrame,
  type UnsubscribeFrame,
  type WelcomeFrame,
} from '@statewire/protocol';

import { revokedError } from '../admission/revocations.js';
import { withDeadline } from '../core/environment.js';
import { echoOf, RealtimeError, toClientError } from '../core/errors.js';
import { isPromise } from '../core/maybe-promise.js';
import { Outbox } from '../delivery/outbox.js';
import {
  closingAfter,
  closingAtDeadline,
  INTERNAL_ERROR,
  MESSAGE_TOO_BIG,
  type Closing,
  type Phase,
} from './closing.js';
import type { ConnectionContext, ConnectionSocket } from './connection-context.js';
import { Credentials } from './credentials.js';
import { Heartbeat, PING, pongTo } from './heartbeat.js';
import { InboundQueue, type FrameRunner } from './inbound-queue.js';
import { Subscriptions } from './subscriptions.js';
import type { UpgradeContext } from './upgrade-authorizer.js';

/**
 * One WebSocket from its upgrade to its end: admits the client, runs its frames, pings it and closes it.
 *
 * The owner of the socket calls `receive`, `receiveControl` and `gone`; the node's pulse calls `beat`. Never throws.
 * Knows nothing of Nest, and of sockets only `ConnectionSocket`.
 */
export class Connection implements FrameRunner {
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly connectedAt: number;
  private readonly openedAt: number;

  private currentPhase: Phase = 'greeting';
  private phaseBegan: number;
  private heardAt: number;
  /** The close code that the connection gets as soon as no action runs. */
  private pendingClosing: Closing | undefined;
  /** The `hello` of an outdated client. */
  private outdated: HelloFrame | undefined;
  private readonly credentials: Credentials;
  private readonly inbound: InboundQueue;
  private readonly subscriptions: Subscriptions;
  private readonly heartbeat: Heartbeat;
  private readonly outbox: Outbox;

  constructor(
    private readonly socket: ConnectionSocket,
    private readonly upgradeContext: UpgradeContext,
    private readonly context: ConnectionContext,
    private readonly onGone: () => void,
  ) {
    const { dispatcher, environment, frameLimits, options, presence, pulse, topics } = context;
    this.id = environment.id();
    this.connectedAt = environment.now();
    this.openedAt = environment.monotonic();
    this.phaseBegan = this.heardAt = pulse.now;
    this.credentials = new Credentials(this.id, upgradeContext, context);
    this.heartbeat = new Heartbeat(options.heartbeat, pulse);
    this.outbox = new Outbox(socket.frames, context.outbox, () => this.close(CLOSE_CODES.slowConsumer));
    // Without spreads: V8 gives each copy that gets a closure a hidden class of its own.
    this.subscriptions = new Subscriptions({
      dispatcher,
      topics,
      presence,
      outbox: this.outbox,
      limit: options.limits.connections.subscriptions,
      deadline: (work) => this.withDeadline(work),
      toErrorFrame: (error, request) => this.toErrorFrame(error, request),
      onSettled: () => this.inbound.advance(),
    });
    const { network } = upgradeContext.received;
    this.inbound = new InboundQueue({
      socket,
      limits: options.limits,
      clock: environment,
      runner: this,
      topics: this.subscriptions,
      rejectShared: () => frameLimits.rejectAddress(network) ?? frameLimits.rejectUser(this.user),
    });
  }

  get phase(): Phase {
    return this.currentPhase;
  }

  /** Id of the user. Undefined for anonymous clients and before the credentials were verified. */
  get user(): string | undefined {
    return this.credentials.user;
  }

  /** Names of the topics that the client follows. */
  get topics(): readonly string[] {
    return this.subscriptions.names;
  }

  /** Milliseconds since anything arrived, as exact as the node's pulse. */
  get silence(): number {
    return this.context.pulse.now - this.heardAt;
  }

  /** Takes a message from the socket. */
  receive(data: Buffer, binary: boolean): void {
    if (this.phase === 'closed') return;
    this.heardAt = this.context.pulse.now;
    try {
      this.inbound.receive(data, binary);
    } catch (error) {
      // An error that leaves the listener of a socket ends the process.
      this.close(INTERNAL_ERROR, toClientError(error, this.context.log, this.id));
    }
  }

  /** Takes a ping or a pong of WebSocket itself. It costs as much as a frame, and counts as one. */
  receiveControl(): void {
    if (this.phase === 'closed') return;
    this.heardAt = this.context.pulse.now;
    this.inbound.receiveControl();
  }

  /** Takes note that ws closes the socket because a message is too large. @param bytes its size, if ws tells it. */
  rejectTooLarge(bytes: number | undefined): void {
    if (this.phase === 'closed') return;
    const { counters, log, options } = this.context;
    counters.closes.add(MESSAGE_TOO_BIG);
    const limit = Math.max(options.limits.frames.bytes, SAFE_FRAME_BYTES);
    log.warn('frame-too-large', { bytes, limit, connection: this.id });
    this.end();
  }

  /** Takes note that the socket has closed. */
  gone(): void {
    if (this.phase !== 'closed') this.context.counters.closes.add('peer');
    this.end();
    this.upgradeContext.slot.leave();
    this.onGone();
  }

  /** Checks the deadlines, the credentials and the heartbeat. Called at each beat of the node's pulse. */
  beat(): void {
    if (this.phase === 'closed') return;
    const elapsed = this.context.pulse.now - this.phaseBegan;
    const closing = closingAtDeadline(this.phase, elapsed, this.context.options.limits.timeouts);
    if (this.outdated !== undefined) this.countOutdated(this.outdated);
    if (closing !== undefined) this.close(closing);
    else if (this.phase !== 'open' || !this.closeIfEnded()) this.keepAlive();
  }

  /** Takes note of a revocation: closes the connection, or tells the client when its credentials end. */
  revoked(): void {
    if (this.phase === 'closed' || this.closeIfEnded() || this.phase !== 'open') return;
    this.send(this.credentials.toFrame());
  }

  /** Asks the client to reconnect elsewhere, at a random moment within that many milliseconds. */
  drain(reconnectWithin: number): void {
    if (this.phase === 'open') this.send({ type: 'drain', reconnectWithin });
    else this.close(CLOSE_CODES.draining);
  }

  /** Closes the connection as soon as no action runs. Rejects new actions until then. */
  closeAfterActions(closing: Closing): void {
    this.pendingClosing = closing;
    this.settled();
  }

  /** Closes the connection. `error` is its last frame. */
  close(closing: Closing, error?: RealtimeError): void {
    if (this.phase === 'closed') return;
    if (error !== undefined) this.send(error.toFrame());
    this.end();
    const { counters, log } = this.context;
    counters.closes.add(closing.code);
    log.debug('connection-closed', { reason: closing.meaning, code: closing.code, connection: this.id });
    this.socket.close(closing.code, closing.meaning);
  }

  /** Closes the connection and ends the socket, without waiting for the client. */
  terminate(closing: Closing): void {
    this.close(closing);
    this.socket.terminate();
  }

  send(frame: ServerFrame): void {
    this.outbox.send(frame);
  }

  async admit(hello: HelloFrame & AnsweredActions): Promise<void> {
    const { counters, log } = this.context;
    this.enter('admitting');
    this.outbox.deltas = hello.deltas ?? [];
    try {
      await this.credentials.greet(hello);
      if (this.phase !== 'admitting') return;
      this.upgradeContext.slot.admit(this.user);
      this.enter('open');
      counters.connectionsAdmitted += 1;
      this.countOutdated(hello);
      this.send(this.welcome());
      if (hello.answered !== undefined) this.forget(hello.answered);
      this.inbound.advance();
    } catch (thrown) {
      if (this.phase === 'closed') return;
      const error = toClientError(thrown, log, this.id);
      log.warn('hello-rejected', { reason: error.code, connection: this.id });
      this.close(closingAfter(error), error);
    }
  }

  answerPing(frame: PingFrame): void {
    this.outbox.send(pongTo(frame));
  }

  async authenticate({ token, ref }: AuthenticateFrame): Promise<void> {
    try {
      const presented = await this.withDeadline(this.credentials.verify(token));
      await this.subscriptions.reauthorize(presented.caller);
      this.credentials.renew(presented);
      this.send(this.credentials.toFrame(ref));
    } catch (error) {
      this.send(this.toErrorFrame(error, { ref }));
    }
  }

  act({ id, name, data, again, age }: ActionFrame): Promise<void> | undefined {
    const { dispatcher, inFlight } = this.context;
    try {
      if (this.pendingClosing !== undefined) {
        throw new RealtimeError('unavailable', 'This node shuts down. Send the action over a new connection.');
      }
      const follows = (topic: string): Promise<boolean> => this.subscriptions.isAllowed(topic);
      // The client has sent this copy after the upgrade, and the first one `age` earlier than this copy.
      const firstSentAt = age === undefined ? undefined : this.openedAt - age;
      const invocation = { id, name, data, again: again ?? false, firstSentAt, follows };
      const answer = dispatcher.act(invocation, this.credentials.caller);
      if (isPromise(answer)) return this.answerLater(id, inFlight.track(answer));
      this.send(answer);
    } catch (error) {
      this.send(this.toErrorFrame(error, { id }));
    }
    return undefined;
  }

  forget(answered: readonly string[]): void {
    this.context.dispatcher.forget(answered, this.credentials.caller);
  }

  changeTopics(frame: SubscribeFrame | UnsubscribeFrame): void {
    if (frame.type === 'unsubscribe') {
      for (const topic of frame.topics) this.subscriptions.unsubscribe(topic, frame.ref);
    } else {
      for (const request of frame.topics) this.subscriptions.subscribe(request, frame.ref, this.credentials.caller);
    }
  }

  isParallel(action: string): boolean {
    return this.context.dispatcher.isParallel(action);
  }

  reportBadFrame({ code, message }: RealtimeError): void {
    const { log } = this.context;
    if (code === 'too_large') log.warn('frame-too-large', { message, connection: this.id });
    else log.debug('bad-frame', { reason: code, connection: this.id });
  }

  settled(): void {
    if (this.pendingClosing !== undefined && this.inbound.isIdle) this.close(this.pendingClosing);
  }

  private async answerLater(id: string, answer: Promise<ServerFrame>): Promise<void> {
    try {
      this.send(await answer);
    } catch (error) {
      this.send(this.toErrorFrame(error, { id }));
    }
  }

  private countOutdated(hello: HelloFrame): void {
    const isOutdated = this.context.outdated.count(hello.clientId, hello.contract);
    this.outdated = isOutdated ? hello : undefined;
  }

  private welcome(): WelcomeFrame {
    const { environment, options } = this.context;
    const { actionWindowMs, heartbeat, limits, minContract } = options;
    const { connections, frames } = limits;
    const { expiresAt } = this.credentials;
    return {
      type: 'welcome',
      connectionId: this.id,
      serverTime: environment.now(),
      heartbeat: { interval: heartbeat.intervalMs, timeout: heartbeat.timeoutMs },
      limits: {
        frameBytes: frames.bytes,
        subscriptions: connections.subscriptions,
        framesPerSecond: frames.perSecond,
      },
      actionWindow: actionWindowMs,
      ...(minContract === 0 ? {} : { minContract }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
  }

  private end(): void {
    this.currentPhase = 'closed';
    this.inbound.clear();
    this.subscriptions.close();
    this.outbox.close();
  }

  /** Closes the connection if its credentials have ended. @returns whether they have. */
  private closeIfEnded(): boolean {
    const { ended } = this.credentials;
    if (ended === 'expired') this.close(CLOSE_CODES.tokenExpired);
    if (ended === 'revoked') this.close(CLOSE_CODES.rejected, revokedError());
    return ended !== undefined;
  }

  private keepAlive(): void {
    if (this.inbound.isPaused) this.heardAt = this.context.pulse.now;
    switch (this.heartbeat.check(this.heardAt, this.outbox.writtenBytes)) {
      case 'lost':
        // A lost client does not answer the closing handshake.
        this.terminate(CLOSE_CODES.heartbeatLost);
        return;
      case 'ping':
        if (this.phase === 'open') this.outbox.send(PING);
        return;
      case 'alive':
    }
  }

  private enter(phase: Phase): void {
    this.currentPhase = phase;
    this.phaseBegan = this.context.pulse.now;
  }

  private withDeadline<T>(work: Promise<T>): Promise<T> {
    const { environment, options } = this.context;
    return withDeadline(environment, options.limits.timeouts.authenticationMs, work);
  }

  private toErrorFrame(error: unknown, request: Pick<ErrorFrame, 'id' | 'topic' | 'ref'>): ErrorFrame {
    return toClientError(error, this.context.log, this.id).toFrame(echoOf(request));
  }
}
