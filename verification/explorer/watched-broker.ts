import type { NewPublication, TopicMessage } from '@statewire/nest';
import { MemoryBroker } from '@statewire/nest/internal';
import type { Position } from '@statewire/protocol';

import type { Truth } from './truth.js';
import type { Verdict } from './verdict.js';

/** Calls with delayed answers: a publication between two of them could be missed. */
const SLOW: ReadonlySet<string> = new Set(['listen', 'read', 'replaceEpoch']);

/** A memory broker that records all publications. With `slow` it delays its answers like a remote broker. */
export class WatchedBroker {
  /** The broker that the node uses. */
  readonly broker: MemoryBroker;
  /** Whether the next message to the listeners of the node is lost. */
  losesNext = false;
  /** Whether a message was lost. The node notices it only with the next one. */
  hasLost = false;
  /** Answers in transit to the node, oldest first. */
  readonly answers: { readonly name: string; readonly answer: unknown; readonly arrive: () => void }[] = [];

  constructor(
    readonly memory: MemoryBroker,
    private readonly truth: Truth,
    private readonly verdict: Verdict,
    private readonly slow: boolean,
  ) {
    this.broker = new Proxy(memory, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...parameters: unknown[]) => this.call(String(name), member.bind(target) as never, parameters);
      },
    });
  }

  /** Loses the history, like a flush of the broker. */
  async flush(topic: string): Promise<void> {
    const { epoch } = await this.memory.read(topic, 'state');
    const position = await this.memory.replaceEpoch(topic, 'state', epoch);
    this.truth.begin(topic, position.epoch);
  }

  private call(name: string, member: (...parameters: unknown[]) => unknown, parameters: unknown[]): unknown {
    if (name === 'listen') parameters[1] = this.lossy(parameters[1] as (message: TopicMessage) => void);
    const result = member(...parameters);
    if (!(result instanceof Promise)) return result;
    return this.answer(name, parameters, result);
  }

  private lossy(listener: (message: TopicMessage) => void): (message: TopicMessage) => void {
    return (message) => {
      if (!this.losesNext) return listener(message);
      this.losesNext = false;
      this.hasLost = true;
    };
  }

  private async answer(name: string, parameters: unknown[], result: Promise<unknown>): Promise<unknown> {
    const [topic] = parameters as [string];
    // The broker handles the call before the answer is in transit.
    const answer = await result;
    if (name === 'publish') this.publish(topic, answer as Position, parameters[1] as NewPublication);
    if (name === 'read') this.truth.begin(topic, (answer as Position).epoch);
    if (this.slow && SLOW.has(name)) await new Promise<void>((arrive) => this.answers.push({ name, answer, arrive }));
    return answer;
  }

  private publish(topic: string, position: Position, { data }: NewPublication): void {
    this.verdict.demand(
      this.truth.publish(topic, position, data),
      () => `the broker gave a publication of ${topic} the offset ${position.offset}`,
    );
  }
}
