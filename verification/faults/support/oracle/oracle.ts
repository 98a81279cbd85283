import type { ClientEnvironment, RealtimeClient } from '@statewire/client';
import type { Position, ServerFrame, TopicReference } from '@statewire/protocol';
import { WebSocket } from 'ws';

import { until } from '../until.js';
import { Ledger } from './ledger.js';
import { Progress } from './progress.js';
import { WireWitness } from './wire-witness.js';

export interface OracleOptions {
  /** Returns whether the server can publish such data, if the test knows no exact value. */
  readonly isGenuine?: (topic: string, data: unknown) => boolean;
}

interface Follower {
  readonly who: string;
  readonly topic: string;
  readonly client: RealtimeClient;
  readonly progress: Progress;
  isLive: boolean;
}

/**
 * The common oracle, for real clients of real servers: every value is the server's at its position, positions never go
 * back, events are complete and come once, frames come in the order of the protocol. At rest, every client
 * is at the position of the server.
 */
export class Oracle {
  /** The first twenty faults. */
  readonly violations: string[] = [];
  /** Number of checked values and events. */
  checked = 0;
  /** Number of reported losses of event topics. */
  losses = 0;
  readonly #ledger = new Ledger();
  readonly #followers: Follower[] = [];
  readonly #isGenuine: NonNullable<OracleOptions['isGenuine']>;

  constructor({ isGenuine = () => true }: OracleOptions = {}) {
    this.#isGenuine = isGenuine;
  }

  /** Opens sockets whose frames are checked against the protocol, for the environment of a client. */
  readonly openWebSocket: NonNullable<ClientEnvironment['openWebSocket']> = (url, protocol) => {
    const socket = new WebSocket(url, protocol);
    const witness = new WireWitness((complaint) => this.#complain(`On a socket, ${complaint}.`));
    socket.on('message', (data: Buffer) => witness.hear(JSON.parse(data.toString()) as ServerFrame));
    return socket;
  };

  /** Records the value of the server at a position. */
  published(topic: string, position: Position, data: unknown): void {
    this.#check('the server', topic, position, data);
  }

  followState(who: string, client: RealtimeClient, topic: TopicReference<unknown, 'state'>): void {
    const follower = this.#add(who, client, topic.name);
    client.topic(topic).subscribe(({ value, position, freshness, error }) => {
      if (error !== undefined) this.#complain(`${who} cannot follow ${topic.name}: ${error.code}.`);
      follower.isLive = freshness.state === 'live';
      if (value === undefined || position === undefined) return;
      this.#advance(follower, position);
      this.#check(who, topic.name, position, value);
    });
  }

  followEvents(who: string, client: RealtimeClient, topic: TopicReference<unknown, 'events'>): void {
    const follower = this.#add(who, client, topic.name);
    follower.isLive = true;
    client.deliveries(topic).subscribe((delivery) => {
      const { last } = follower.progress;
      const { position } = delivery;
      this.#advance(follower, position);
      if (delivery.type === 'lost') this.losses += 1;
      else this.#check(who, topic.name, position, delivery.data);
      const isNext = last?.epoch !== position.epoch || position.offset === last.offset + 1;
      if (delivery.type === 'event' && !isNext)
        this.#complain(`${who} has event ${position.offset} of ${topic.name} after ${last.offset}.`);
    });
  }

  /**
   * Resolves when every client has had a value or an event. Call it while the server publishes: a client that follows a
   * topic of events from after the last publication never has a position.
   */
  async started(): Promise<void> {
    const waiting = (): Follower[] => this.#followers.filter(({ progress }) => progress.last === undefined);
    await until(
      () => waiting().length === 0,
      () =>
        waiting()
          .map(({ who, topic }) => `${who} has nothing of ${topic}`)
          .join(', '),
    );
  }

  /**
   * Resolves when every client is live at the position of the server.
   *
   * @param tops the positions of the server by topic. Without it, all clients must be at the same position.
   */
  async converged(tops?: ReadonlyMap<string, Position>): Promise<void> {
    const at = new Map(tops ?? this.#followers.map(({ topic, progress }) => [topic, progress.last] as const));
    const behind = (): Follower[] =>
      this.#followers.filter(({ topic, progress, isLive }) => !isLive || !isSame(progress.last, at.get(topic)));
    const describe = (): string =>
      behind()
        .slice(0, 5)
        .map(({ who, topic, progress, client, isLive }) => {
          const [here, there] = [progress.last, at.get(topic)].map((position) => JSON.stringify(position));
          return `${who} is at ${here} of ${topic}, not at ${there}; live: ${isLive}; ${JSON.stringify(client.status)}`;
        })
        .join('\n');
    await until(() => behind().length === 0, describe);
  }

  #add(who: string, client: RealtimeClient, topic: string): Follower {
    const follower = { who, topic, client, progress: new Progress(), isLive: false };
    this.#followers.push(follower);
    return follower;
  }

  #advance({ who, topic, progress }: Follower, to: Position): void {
    const complaint = progress.advance(to);
    if (complaint !== undefined) this.#complain(`${who} ${complaint} to ${to.offset} of ${topic}.`);
  }

  #check(who: string, topic: string, position: Position, data: unknown): void {
    this.checked += 1;
    if (!this.#isGenuine(topic, data))
      this.#complain(`${who} has ${JSON.stringify(data)} of ${topic}, which the server never says.`);
    if (!this.#ledger.agrees(topic, position, data))
      this.#complain(`${who} has ${JSON.stringify(data)} at ${position.offset} of ${topic}, and others do not.`);
  }

  #complain(violation: string): void {
    if (this.violations.length < 20) this.violations.push(violation);
  }
}

function isSame(a: Position | undefined, b: Position | undefined): boolean {
  return a?.epoch === b?.epoch && a?.offset === b?.offset;
}
