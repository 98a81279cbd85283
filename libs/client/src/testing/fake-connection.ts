import {
  CLIENT_FRAME_LIMITS,
  parseClientFrame,
  type ClientFrame,
  type ServerFrame,
  type TopicRequest,
} from '@statewire/protocol';

import type { FakeServer } from './fake-server.js';
import { FakeSocket } from './fake-socket.js';
import { FakeWire } from './fake-wire.js';

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
  private readonly up: FakeWire;
  private readonly down: FakeWire;

  constructor(private readonly server: FakeServer) {
    const { environment } = server;
    this.id = environment.id();
    this.up = new FakeWire(environment, server.latency);
    this.down = new FakeWire(environment, server.latency);
    this.socket = new FakeSocket(
      (text) => this.up.carry(() => this.receive(text)),
      (code) => {
        this.down.cut();
        this.up.carry(() => this.end(code));
      },
    );
  }

  get subscriptions(): ReadonlySet<string> {
    return this.topics;
  }

  /** The upgrade went through. */
  accept(): void {
    this.up.carry(() => this.down.carry(() => this.socket.acceptedByServer()));
  }

  /** The upgrade was answered with a status other than 101. */
  refuse(): void {
    this.up.carry(() => this.close(1006));
  }

  send(frame: ServerFrame): void {
    if (!this.isOpen) return;
    const text = JSON.stringify(frame);
    this.down.carry(() => this.socket.textFromServer(text));
  }

  /** Sends a text that need not be a frame. */
  sendRaw(text: string): void {
    this.down.carry(() => this.socket.textFromServer(text));
  }

  /** Sends to those who are subscribed. */
  publish(frame: ServerFrame & { readonly topic: string }): void {
    if (this.topics.has(frame.topic)) this.send(frame);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  close(code: number, reason = ''): void {
    this.down.carry(() => this.socket.closedByServer(code, reason));
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
    this.up.freeze();
    this.down.freeze();
  }

  thaw(): void {
    this.up.thaw();
    this.down.thaw();
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
