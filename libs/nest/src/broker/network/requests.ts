import type { Json } from '@statewire/protocol';

import type { BrokerCounters, RequestOutcome } from '../../core/broker-counters.js';
import { BrokerError, type Release } from '../../core/broker.js';
import type { Environment, Timer } from '../../core/environment.js';
import { disposedError, messageOf } from './errors.js';
import type { Leases } from './leases.js';

/** Passes messages from node to node. */
export interface NodeMessenger {
  /**
   * Sends a message once, because a second copy would run the work of its receiver twice. Resolves with false if no node
   * receives it.
   */
  sendOnce(node: string, text: string): Promise<boolean>;
  /** Sends a message, and repeats it if the reply of the server is lost. */
  send(node: string, text: string): Promise<void>;
}

type Answer = (message: Json) => Promise<Json>;

/** A message to a node. */
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

/** Requests to the holders of leases, and the answers of this node. */
export class Requests {
  private readonly answers = new Map<string, Answer>();
  private readonly open = new Map<string, OpenRequest>();

  /**
   * @param node id of this node.
   * @param timeoutMs time for the answer of a holder.
   */
  constructor(
    private readonly node: string,
    private readonly messenger: NodeMessenger,
    private readonly leases: Pick<Leases, 'holder' | 'holds'>,
    private readonly environment: Pick<Environment, 'id' | 'setTimer'>,
    private readonly timeoutMs: number,
    private readonly counters?: BrokerCounters,
  ) {}

  /** Number of requests that wait, and of leases whose requests this node answers. */
  get size(): number {
    return this.open.size + this.answers.size;
  }

  /** Does what `Broker.onRequest` describes. */
  onRequest(lease: string, answer: Answer): Release {
    this.answers.set(lease, answer);
    return async () => {
      if (this.answers.get(lease) === answer) this.answers.delete(lease);
    };
  }

  /** Does what `Broker.request` describes. */
  async request(lease: string, body: Json): Promise<Json | undefined> {
    const holder = await this.leases.holder(lease);
    if (holder === undefined) {
      this.counters?.request('no_holder');
      return undefined;
    }
    const id = this.environment.id();
    const text = textOf({ type: 'request', id, from: this.node, lease, body });
    return new Promise((resolve, reject) => {
      const timer = this.environment.setTimer(
        () => this.fail(id, `did not answer within ${this.timeoutMs} ms`),
        this.timeoutMs,
      );
      this.open.set(id, { lease, resolve, reject, timer });
      this.messenger.sendOnce(holder, text).then(
        (isReceived) => {
          if (!isReceived) this.fail(id, 'has ended');
        },
        // The server may have passed the message on before the connection was lost.
        (error: unknown) => this.fail(id, `may not have got the request (${messageOf(error)})`),
      );
    });
  }

  /** Handles a message to this node. Ignores one of a later version. */
  receive(text: string): void {
    const message = parse(text);
    switch (message?.type) {
      case 'request':
        // The caller waits no longer than its timeout.
        this.reply(message).catch(() => undefined);
        return;
      case 'answer':
        return this.take(message.id, 'answered')?.resolve(message.body);
      case 'no_holder':
        return this.take(message.id, 'no_holder')?.resolve(undefined);
      case 'failed':
        return this.fail(message.id, `failed to answer: ${message.message}`);
    }
  }

  /** Rejects the requests that wait. */
  dispose(): void {
    for (const id of [...this.open.keys()]) this.take(id, 'disposed')?.reject(disposedError());
    this.answers.clear();
  }

  private async reply({ body, from, id, lease }: NodeMessage & { type: 'request' }): Promise<void> {
    const answer = this.leases.holds(lease) ? this.answers.get(lease) : undefined;
    if (answer === undefined) return this.messenger.send(from, textOf({ type: 'no_holder', id }));
    try {
      await this.messenger.send(from, textOf({ type: 'answer', id, body: await answer(body) }));
    } catch (error) {
      await this.messenger.send(from, textOf({ type: 'failed', id, message: messageOf(error) }));
    }
  }

  private take(id: string, outcome: RequestOutcome): OpenRequest | undefined {
    const request = this.open.get(id);
    if (this.open.delete(id)) this.counters?.request(outcome);
    request?.timer.cancel();
    return request;
  }

  private fail(id: string, what: string): void {
    const request = this.take(id, 'no_answer');
    request?.reject(new BrokerError('no_answer', `The holder of the lease "${request.lease}" ${what}.`));
  }
}

/** Returns undefined for a text without JSON. */
function parse(text: string): NodeMessage | undefined {
  try {
    return JSON.parse(text) as NodeMessage;
  } catch {
    return undefined;
  }
}

function textOf(message: NodeMessage): string {
  return JSON.stringify(message);
}
