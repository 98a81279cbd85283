import { BrokerError, type BrokerContext, type Release, type Timer } from '@statewire/nest';
import { disposedError, type Leases, messageOf } from '@statewire/nest/broker';
import type { Json } from '@statewire/protocol';

import type { Channels } from './channels.js';
import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';

type Answer = (message: Json) => Promise<Json>;

/** A message on the channel of a node. */
type NodeMessage =
  | {
      readonly type: 'request';
      readonly id: string;
      readonly from: string;
      readonly lease: string;
      readonly body: Json;
    }
  | { readonly type: 'answer'; readonly id: string; readonly body: Json }
  | { readonly type: 'no_holder'; readonly id: string }
  | { readonly type: 'failed'; readonly id: string; readonly message: string };

interface OpenRequest {
  readonly lease: string;
  readonly resolve: (answer: Json | undefined) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

/** Requests to the holders of leases. They travel over one channel of each node. */
export class Requests {
  private readonly answers = new Map<string, Answer>();
  private readonly open = new Map<string, OpenRequest>();

  constructor(
    private readonly node: string,
    private readonly link: Pick<RedisLink, 'send'>,
    private readonly keys: Keys,
    private readonly channels: Channels,
    private readonly leases: Leases,
    private readonly environment: BrokerContext['environment'],
    private readonly timeoutMs: number,
  ) {
    // Subscribes with the first connection.
    const { partition, channel } = keys.node(node);
    this.channels.add(partition, channel, this.receive).catch(() => undefined);
  }

  get size(): number {
    return this.open.size + this.answers.size;
  }

  onRequest(lease: string, answer: Answer): Release {
    this.answers.set(lease, answer);
    return async () => {
      if (this.answers.get(lease) === answer) this.answers.delete(lease);
    };
  }

  async request(lease: string, body: Json): Promise<Json | undefined> {
    const holder = await this.leases.holder(lease);
    if (holder === undefined) return undefined;
    const id = this.environment.id();
    const text = JSON.stringify({ type: 'request', id, from: this.node, lease, body } satisfies NodeMessage);
    return new Promise((resolve, reject) => {
      const timer = this.environment.setTimer(
        () => this.fail(id, `did not answer within ${this.timeoutMs} ms`),
        this.timeoutMs,
      );
      this.open.set(id, { lease, resolve, reject, timer });
      this.publish(holder, text).then(
        (receivers) => {
          if (receivers === 0) this.fail(id, 'has ended');
        },
        // The server may have passed the message on before the connection was lost.
        (error: unknown) => this.fail(id, `may not have got the request (${messageOf(error)})`),
      );
    });
  }

  dispose(): void {
    for (const id of [...this.open.keys()]) this.take(id)?.reject(disposedError());
    this.answers.clear();
    this.channels.remove(this.keys.node(this.node).channel, this.receive);
  }

  private readonly receive = (text: string): void => {
    const message = JSON.parse(text) as NodeMessage;
    switch (message.type) {
      case 'request':
        // The caller waits no longer than its timeout.
        this.reply(message).catch(() => undefined);
        return;
      case 'answer':
        return this.take(message.id)?.resolve(message.body);
      case 'no_holder':
        return this.take(message.id)?.resolve(undefined);
      case 'failed':
        return this.fail(message.id, `failed to answer: ${message.message}`);
    }
  };

  private async reply({ body, from, id, lease }: NodeMessage & { type: 'request' }): Promise<void> {
    const answer = this.leases.holds(lease) ? this.answers.get(lease) : undefined;
    if (answer === undefined) return void (await this.send(from, { type: 'no_holder', id }));
    try {
      await this.send(from, { type: 'answer', id, body: await answer(body) });
    } catch (error) {
      await this.send(from, { type: 'failed', id, message: messageOf(error) });
    }
  }

  private async send(node: string, message: NodeMessage): Promise<unknown> {
    return this.publish(node, JSON.stringify(message));
  }

  private async publish(node: string, text: string): Promise<unknown> {
    const { partition, channel } = this.keys.node(node);
    return this.link.send(partition, ['SPUBLISH', channel, text]);
  }

  private take(id: string): OpenRequest | undefined {
    const request = this.open.get(id);
    this.open.delete(id);
    request?.timer.cancel();
    return request;
  }

  private fail(id: string, what: string): void {
    const request = this.take(id);
    request?.reject(new BrokerError('no_answer', `The holder of the lease "${request.lease}" ${what}.`));
  }
}
