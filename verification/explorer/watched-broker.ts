import { BrokerError, type NewPublication, type Release, type TopicMessage } from '@statewire/nest';
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
  /** Whether the broker is out of reach of the node. Other nodes still reach it. */
  isAway = false;
  private readonly listeners = new Map<(message: TopicMessage) => void, string>();
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

  /** The node loses its connection to the broker. */
  leave(): void {
    this.isAway = true;
    for (const tell of this.listeners.keys()) tell({ type: 'interrupted' });
  }

  /** The node is connected again, and learns where its topics stand. */
  async comeBack(): Promise<void> {
    if (!this.isAway) return;
    this.isAway = false;
    for (const [tell, topic] of this.listeners) {
      const { epoch, offset, id } = await this.memory.read(topic, 'state');
      tell({ type: 'resumed', position: { epoch, offset }, id });
    }
  }

  private call(name: string, member: (...parameters: unknown[]) => unknown, parameters: unknown[]): unknown {
    if (this.isAway && name === 'read') return Promise.reject(new BrokerError('unavailable', 'The broker is away.'));
    if (name === 'listen') return this.listen(member, parameters as Parameters<MemoryBroker['listen']>);
    const result = member(...parameters);
    if (!(result instanceof Promise)) return result;
    return this.answer(name, parameters, result);
  }

  private async listen(
    member: (...parameters: unknown[]) => unknown,
    [topic, listener]: Parameters<MemoryBroker['listen']>,
  ): Promise<Release> {
    this.listeners.set(listener, topic);
    const listening = member(topic, this.lossy(listener)) as Promise<Release>;
    const release = (await this.answer('listen', [topic], listening)) as Release;
    return () => {
      this.listeners.delete(listener);
      return release();
    };
  }

  private lossy(listener: (message: TopicMessage) => void): (message: TopicMessage) => void {
    return (message) => {
      if (this.isAway) return;
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
