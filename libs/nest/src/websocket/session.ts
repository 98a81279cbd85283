import type { ActionFrame, AuthenticateFrame, ErrorFrame, SubscribeFrame, UnsubscribeFrame } from '@statewire/protocol';

import type { Outbox } from '../delivery/outbox.js';
import { RealtimeError, echoOf, toClientError } from '../core/errors.js';
import type { ConnectionNode } from './connection-node.js';
import type { Credentials } from './credentials.js';
import { FrameQueue, type FrameWork, type QueuedFrame } from './frame-queue.js';
import { Subscriptions } from './subscriptions.js';
import { withDeadline } from '../core/deadline.js';
import { authenticated } from './welcome.js';

/** What a welcomed client may do: follow topics, act, renew its credentials. */
export class Session implements FrameWork {
  private readonly queue: FrameQueue;
  private readonly subscriptions: Subscriptions;
  private leaving = false;

  constructor(
    private readonly credentials: Credentials,
    private readonly outbox: Outbox,
    private readonly node: ConnectionNode,
    /** Called when something has settled, so that there may be room for more frames. */
    private readonly onSettled: () => void,
  ) {
    const { attendance, dispatcher, topics, options } = node;
    this.queue = new FrameQueue(this, options.limits.frames.waiting);
    this.subscriptions = new Subscriptions({
      dispatcher,
      topics,
      attendance,
      outbox,
      limit: options.limits.connections.subscriptions,
      deadline: (work) => this.bounded(work),
      toErrorFrame: (thrown, about) => this.toErrorFrame(thrown, about),
      onSettled: () => this.settle(),
    });
  }

  get topics(): readonly string[] {
    return this.subscriptions.names;
  }

  /** Whether the topic is followed, or about to be. */
  isNamed(topic: string): boolean {
    return this.subscriptions.isNamed(topic);
  }

  /** Whether one more frame may wait for its turn. */
  get hasRoom(): boolean {
    const { waiting } = this.node.options.limits.frames;
    return waiting === 0 || this.queue.length + this.subscriptions.waiting < waiting;
  }

  /** Whether no action runs or waits. */
  get isIdle(): boolean {
    return this.queue.actions === 0;
  }

  push(frame: QueuedFrame): void {
    this.queue.push(frame);
  }

  /** Starts no more actions, because the connection is about to be closed. */
  leave(): void {
    this.leaving = true;
  }

  close(): void {
    this.queue.clear();
    this.subscriptions.close();
  }

  get topicsSettled(): boolean {
    return this.subscriptions.settled;
  }

  isParallel(action: string): boolean {
    return this.node.dispatcher.isParallel(action);
  }

  async authenticate({ token, ref }: AuthenticateFrame): Promise<void> {
    try {
      const presented = await this.bounded(this.credentials.verify(token));
      await this.subscriptions.reauthorize(presented.caller);
      this.credentials.renew(presented);
      this.outbox.send(authenticated(this.credentials.expiresAt, ref));
    } catch (thrown) {
      this.outbox.send(this.toErrorFrame(thrown, { ref }));
    }
  }

  async act({ id, name, data }: ActionFrame): Promise<void> {
    const { dispatcher, inFlight } = this.node;
    try {
      if (this.leaving)
        throw new RealtimeError('unavailable', 'This node is going away: send it over a new connection.');
      const follows = (topic: string): Promise<boolean> => this.subscriptions.isAllowed(topic);
      this.outbox.send(await inFlight.track(dispatcher.act({ id, name, data, follows }, this.credentials.caller)));
    } catch (thrown) {
      this.outbox.send(this.toErrorFrame(thrown, { id }));
    }
  }

  changeTopics(frame: SubscribeFrame | UnsubscribeFrame): void {
    if (frame.type === 'unsubscribe') {
      for (const topic of frame.topics) this.subscriptions.unsubscribe(topic, frame.ref);
    } else {
      for (const request of frame.topics) this.subscriptions.subscribe(request, frame.ref, this.credentials.caller);
    }
  }

  settle(): void {
    this.queue.advance();
    this.onSettled();
  }

  private bounded<T>(work: Promise<T>): Promise<T> {
    const { environment, options } = this.node;
    return withDeadline(environment, options.limits.timeouts.authenticationMs, work);
  }

  private toErrorFrame(thrown: unknown, about: Pick<ErrorFrame, 'id' | 'topic' | 'ref'>): ErrorFrame {
    return toClientError(thrown, this.node.log, this.credentials.connectionId).toFrame(echoOf(about));
  }
}
