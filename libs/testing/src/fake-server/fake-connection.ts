import {
  CLIENT_FRAME_LIMITS,
  parseClientFrame,
  SAFE_FRAME_BYTES,
  type ClientFrame,
  type FreshFrame,
  type ServerFrame,
  type StaleFrame,
  type TopicRequest,
  utf8Length,
} from '@statewire/protocol';

import type { FakeServer } from './fake-server.js';
import type { WebSocketLike } from '../time/environment.js';
import { FakeWebSocket } from './fake-web-socket.js';
import { IDEAL } from '../network/link-conditions.js';
import { Link } from '../network/link.js';

/** The server's end of one WebSocket. */
export class FakeConnection {
  /** `connectionId` of `welcome`. */
  readonly id: string;
  /** Every frame that the server received on it, in order. */
  readonly received: ClientFrame[] = [];
  /** The `hello` of the client; undefined before it arrives. */
  hello: Extract<ClientFrame, { type: 'hello' }> | undefined;
  /** Whether neither end has closed the connection. */
  isOpen = true;

  private readonly topics = new Set<string>();
  /** Subscriptions that wait for the first value. */
  private readonly awaiting = new Map<string, TopicRequest & { readonly ref: string | undefined }>();
  private readonly clientEnd: FakeWebSocket;
  private isHeld = false;
  private readonly up: Link;
  private readonly down: Link;

  constructor(private readonly server: FakeServer) {
    const { environment } = server;
    this.id = environment.id();
    const conditions = () => ({ ...IDEAL, latency: server.latency() });
    this.up = new Link(environment, conditions);
    this.down = new Link(environment, conditions);
    this.clientEnd = new FakeWebSocket(
      (text) => carry(this.up, () => this.receive(text), text.length),
      () => {
        this.down.cut();
        carry(this.up, () => this.end());
      },
    );
  }

  /** The client's end: the WebSocket that it opened. */
  get socket(): WebSocketLike {
    return this.clientEnd;
  }

  /** Names of the subscribed topics. Empty after the end of the connection. */
  get subscriptions(): ReadonlySet<string> {
    return this.topics;
  }

  /** Answers the upgrade with 101. */
  accept(): void {
    carry(this.up, () => carry(this.down, () => this.clientEnd.receiveOpen()));
  }

  /** Answers the upgrade with a status other than 101. Browsers see close code 1006. */
  reject(): void {
    carry(this.up, () => this.close(1006));
  }

  /** Sends a frame. Does nothing after the end of the connection. */
  send(frame: ServerFrame): void {
    if (!this.isOpen) return;
    const text = JSON.stringify(frame);
    carry(this.down, () => this.clientEnd.receiveText(text), text.length);
  }

  /** Sends any text, also one that is no frame. */
  sendRaw(text: string): void {
    carry(this.down, () => this.clientEnd.receiveText(text), text.length);
  }

  /** Sends a frame of a topic if the connection is subscribed to it. */
  publish(frame: ServerFrame & { readonly topic: string }): void {
    const request = this.awaiting.get(frame.topic);
    if (request !== undefined) this.subscribe(request, request.ref);
    else if (this.topics.has(frame.topic)) this.send(frame);
  }

  /** Sends `stale` or `fresh` about the topics that the connection is subscribed to. Without any it sends nothing. */
  tell(frame: StaleFrame | FreshFrame): void {
    const topics = [...this.topics].filter((topic) => frame.topics?.includes(topic) ?? true);
    if (topics.length > 0) this.send(frame);
  }

  /** Ends a subscription without an `unsubscribed` frame. */
  unsubscribe(topic: string): void {
    this.topics.delete(topic);
    this.awaiting.delete(topic);
  }

  /** Closes the connection with this close code. */
  close(code: number, reason = ''): void {
    carry(this.down, () => this.clientEnd.receiveClose(code, reason));
    this.end();
  }

  /** Resets the connection: frames under way are lost, and both ends notice at once. */
  cut(): void {
    this.up.cut();
    this.down.cut();
    this.end();
    const { queueMicrotask = globalThis.queueMicrotask } = this.server.environment;
    queueMicrotask(() => this.clientEnd.receiveClose(1006, ''));
  }

  /** Holds all frames back until {@link restore}. Neither end notices. */
  blackhole(): void {
    if (this.isHeld) return;
    this.isHeld = true;
    for (const link of [this.up, this.down]) link.hold();
  }

  /** Delivers what {@link blackhole} held back. */
  restore(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    for (const link of [this.up, this.down]) link.release();
  }

  private end(): void {
    this.isOpen = false;
    this.topics.clear();
    this.awaiting.clear();
    this.server.forget(this);
  }

  private receive(text: string): void {
    if (!this.isOpen) return;
    if (utf8Length(text) > Math.max(this.server.frameBytes, SAFE_FRAME_BYTES)) return this.close(1009);
    const frame = parseClientFrame(text, { ...CLIENT_FRAME_LIMITS, bytes: 0 });
    this.received.push(frame);
    if (this.hello === undefined && frame.type !== 'hello') return this.close(4001, 'hello comes first');
    if (this.hello !== undefined) this.server.actions.confirm(this.hello.clientId, frame.answered);
    switch (frame.type) {
      case 'hello':
        this.hello = frame;
        this.server.actions.confirm(frame.clientId, frame.answered);
        return this.server.greet(this, frame);
      case 'subscribe':
        for (const request of frame.topics) this.subscribe(request, frame.ref);
        return;
      case 'unsubscribe':
        for (const topic of frame.topics) {
          this.unsubscribe(topic);
          this.send({ type: 'unsubscribed', topic, code: 'requested', ...withRef(frame.ref) });
        }
        return;
      case 'action':
        return this.server.act(this, frame);
      case 'authenticate':
        return this.server.reauthenticate(this, frame);
      case 'ping':
        return this.send({ type: 'pong', ...(frame.time !== undefined && { time: frame.time }) });
      case 'pong':
    }
  }

  private subscribe({ topic, since }: TopicRequest, ref: string | undefined): void {
    const rejection = this.server.rejectionOf(topic, this.hello?.token);
    if (rejection) return this.send({ ...rejection, ...withRef(ref) });
    this.topics.add(topic);
    this.awaiting.delete(topic);
    if (this.server.topics.isAwaited(topic))
      return void this.awaiting.set(topic, { topic, ref, ...(since && { since }) });
    for (const frame of this.server.topic(topic).catchUp(since, ref)) this.send(frame);
  }
}

function withRef(ref: string | undefined): { ref?: string } {
  return ref === undefined ? {} : { ref };
}

/** Sends a message, which arrives with its last byte. */
function carry(link: Link, arrive: () => void, size = 0): void {
  link.send({ size, deliver: (_, to) => to === size && arrive() });
}
