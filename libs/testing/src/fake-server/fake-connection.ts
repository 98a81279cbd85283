import {
  CLIENT_FRAME_LIMITS,
  parseClientFrame,
  type ClientFrame,
  type ServerFrame,
  type TopicRequest,
} from '@statewire/protocol';

import type { FakeServer } from './fake-server.js';
import { FakeSocket } from './fake-socket.js';
import { IDEAL } from '../network/link-conditions.js';
import { Link } from '../network/link.js';

/** One WebSocket as the fake server sees it. */
export class FakeConnection {
  readonly id: string;
  readonly socket: FakeSocket;
  /** Every frame the server got on it. */
  readonly received: ClientFrame[] = [];
  /** `clientId` and `token` of its `hello`. */
  hello: Extract<ClientFrame, { type: 'hello' }> | undefined;
  isOpen = true;

  private readonly topics = new Set<string>();
  private isFrozen = false;
  private readonly up: Link;
  private readonly down: Link;

  constructor(private readonly server: FakeServer) {
    const { environment } = server;
    this.id = environment.id();
    const conditions = () => ({ ...IDEAL, latency: server.latency() });
    this.up = new Link(environment, conditions);
    this.down = new Link(environment, conditions);
    this.socket = new FakeSocket(
      (text) => carry(this.up, () => this.receive(text), text.length),
      (code) => {
        this.down.cut();
        carry(this.up, () => this.end(code));
      },
    );
  }

  get subscriptions(): ReadonlySet<string> {
    return this.topics;
  }

  /** The upgrade went through. */
  accept(): void {
    carry(this.up, () => carry(this.down, () => this.socket.acceptedByServer()));
  }

  /** The upgrade was answered with a status other than 101. */
  refuse(): void {
    carry(this.up, () => this.close(1006));
  }

  send(frame: ServerFrame): void {
    if (!this.isOpen) return;
    const text = JSON.stringify(frame);
    carry(this.down, () => this.socket.textFromServer(text), text.length);
  }

  /** Sends a text that need not be a frame. */
  sendRaw(text: string): void {
    carry(this.down, () => this.socket.textFromServer(text), text.length);
  }

  /** Sends to those who are subscribed. */
  publish(frame: ServerFrame & { readonly topic: string }): void {
    if (this.topics.has(frame.topic)) this.send(frame);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  close(code: number, reason = ''): void {
    carry(this.down, () => this.socket.closedByServer(code, reason));
    this.end(code);
  }

  /** The network breaks: what is on the way is lost, and both sides are told. */
  cut(): void {
    this.up.cut();
    this.down.cut();
    this.end(1006);
    queueMicrotask(() => this.socket.closedByServer(1006, ''));
  }

  /** Nothing gets through any more, and nobody is told. */
  freeze(): void {
    if (this.isFrozen) return;
    this.isFrozen = true;
    for (const link of [this.up, this.down]) link.hold();
  }

  thaw(): void {
    if (!this.isFrozen) return;
    this.isFrozen = false;
    for (const link of [this.up, this.down]) link.release();
  }

  private end(code: number): void {
    this.isOpen = false;
    this.topics.clear();
    this.server.forget(this, code);
  }

  private receive(text: string): void {
    if (!this.isOpen) return;
    const frame = parseClientFrame(text, CLIENT_FRAME_LIMITS);
    this.received.push(frame);
    if (this.hello === undefined && frame.type !== 'hello') return this.close(4001, 'hello comes first');
    switch (frame.type) {
      case 'hello':
        this.hello = frame;
        return this.server.greet(this, frame);
      case 'subscribe':
        for (const request of frame.topics) this.subscribe(request, frame.ref);
        return;
      case 'unsubscribe':
        for (const topic of frame.topics) {
          this.topics.delete(topic);
          this.send({ type: 'unsubscribed', topic, code: 'requested', ...withRef(frame.ref) });
        }
        return;
      case 'action':
        void this.server.act(this, frame).then((answer) => this.send(answer));
        return;
      case 'authenticate':
        return this.server.reauthenticate(this, frame);
      case 'ping':
        return this.send({ type: 'pong', ...(frame.time !== undefined && { time: frame.time }) });
      case 'pong':
    }
  }

  private subscribe({ topic, since }: TopicRequest, ref: string | undefined): void {
    const refusal = this.server.refusalOf(topic, this.hello?.token);
    if (refusal) return this.send({ ...refusal, ...withRef(ref) });
    this.topics.add(topic);
    for (const frame of this.server.topic(topic).catchUp(since, ref)) this.send(frame);
  }
}

function withRef(ref: string | undefined): { ref?: string } {
  return ref === undefined ? {} : { ref };
}

/** A message arrives as a whole, with its last byte. */
function carry(link: Link, arrive: () => void, size = 0): void {
  link.send({ size, deliver: (_, to) => to === size && arrive() });
}
