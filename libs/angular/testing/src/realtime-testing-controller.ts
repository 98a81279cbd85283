import { inject, Injectable, type InjectionToken } from '@angular/core';
import type { RealtimeClientToken } from '@statewire/angular';
import type { ConnectionStatus } from '@statewire/client';
import type { Action, ErrorCode, TopicReference } from '@statewire/protocol';

import { FakeRealtimeClient } from './fake-realtime-client.js';
import { namedToken } from './named-token.js';
import { TestAction } from './test-action.js';

const tokenOf = namedToken<RealtimeTestingController>('RealtimeTestingController');

/**
 * The server of a component test. It publishes values and events, answers actions, and takes the connection away. The
 * application connects with its first subscription or action. Values and answers reach signals and observables before a
 * call of the controller returns. Then `await fixture.whenStable()` updates the template.
 *
 * @example
 * TestBed.configureTestingModule({ providers: [provideRealtimeTesting()] });
 * const server = TestBed.inject(RealtimeTestingController);
 * const fixture = TestBed.createComponent(BattlePage);
 * await fixture.whenStable();
 *
 * server.publish(battle.with({ battleId: '42' }), { tick: 7 });
 * await fixture.whenStable();
 * expect(fixture.nativeElement.textContent).toContain('tick 7');
 */
@Injectable()
export class RealtimeTestingController {
  /** Returns the token of the controller of a named client: `TestBed.inject(RealtimeTestingController.of(PLAY))`. */
  static of(client: RealtimeClientToken): InjectionToken<RealtimeTestingController> {
    return tokenOf(client);
  }

  readonly #client = inject(FakeRealtimeClient);
  readonly #kinds = new Map<string, TopicReference['kind']>();
  #actions: TestAction[] = [];

  constructor() {
    const { server } = this.#client;
    server.actions.fallback = (data, { name }) => {
      const action = new TestAction(name, data, () => this.#client.deliver());
      this.#actions.push(action);
      return action.result;
    };
  }

  /** The status of the connection that the application sees. */
  get status(): ConnectionStatus {
    this.#client.deliver();
    return this.#client.status;
  }

  /** Whether anything in the application follows the topic. */
  isFollowed(topic: TopicReference): boolean {
    return this.#client.isFollowed(topic.name);
  }

  /** Publishes the next value of a state topic. An application that is offline sees it when it is back. */
  publish<T>(topic: TopicReference<T, 'state'>, value: NoInfer<T>): void {
    this.#declare(topic);
    this.#client.deliver();
    this.#client.server.publish(topic, value);
    this.#client.deliver();
  }

  /** Publishes an event. An application that is offline receives it when it is back. */
  emit<T>(topic: TopicReference<T, 'events'>, event: NoInfer<T>): void {
    this.#declare(topic);
    this.#client.deliver();
    this.#client.server.publish(topic, event);
    this.#client.deliver();
  }

  /** Reports to the followers of an event topic that events were lost. */
  lose(topic: TopicReference<unknown, 'events'>): void {
    this.#declare(topic);
    this.#client.deliver();
    this.#client.server.renew(topic);
    this.#client.deliver();
  }

  /**
   * Rejects a topic from now on, for its present followers too. Observables fail, and resources have the status
   * `error`.
   */
  reject(topic: TopicReference, code: ErrorCode, message = `The test rejected "${topic.name}".`): void {
    const { server } = this.#client;
    this.#declare(topic);
    this.#client.deliver();
    server.reject(topic, code, { message });
    for (const connection of server.connections) {
      if (!connection.subscriptions.has(topic.name)) continue;
      connection.send({ type: 'error', topic: topic.name, code, message, temporary: false });
      connection.unsubscribe(topic.name);
    }
    this.#client.deliver();
  }

  /**
   * Makes a topic stale, or all topics, because the server has lost contact with its broker. The values stay, and so
   * does the status of the connection.
   */
  markStale(topic?: TopicReference): void {
    this.#client.deliver();
    this.#client.server.markStale(topic);
    this.#client.deliver();
  }

  /** Makes a topic current again, or all topics. */
  markFresh(topic?: TopicReference): void {
    this.#client.deliver();
    this.#client.server.markFresh(topic);
    this.#client.deliver();
  }

  /**
   * Returns the oldest unanswered action of this kind. Answer it with `respond()` or `reject()`.
   *
   * @throws Error if the application has sent none, or is offline.
   * @example
   * const sent = server.expectAction(pause);
   * expect(sent.data).toEqual({ battleId: '42' });
   * sent.respond({ paused: true });
   */
  expectAction<D, R>(action: Action<D, R>): TestAction<D, R> {
    const waiting = this.#unansweredActions();
    const found = waiting.find(({ name }) => name === action.name);
    if (found === undefined) {
      throw new Error(`Expected the action "${action.name}" to be sent; waiting for an answer: ${listed(waiting)}.`);
    }
    this.#actions = this.#actions.filter((unanswered) => unanswered !== found);
    return found as TestAction<D, R>;
  }

  /**
   * Checks that no action waits for an answer that the test did not expect.
   *
   * @throws Error that names these actions.
   */
  verify(): void {
    const waiting = this.#unansweredActions();
    if (waiting.length > 0) throw new Error(`Expected no further actions; waiting for an answer: ${listed(waiting)}.`);
  }

  /** Connects the application. Topics catch up and are live. */
  goLive(): void {
    this.#client.show(undefined);
  }

  /** Shows the status `polling`. Topics are live. */
  goPolling(): void {
    const reason = { code: 'no-websocket', message: 'The test took the WebSocket away.' };
    this.#client.show({
      state: 'polling',
      enteredAt: Date.now(),
      outdated: false,
      transport: 'polling',
      attempt: 1,
      reason,
    });
  }

  /** Takes the network away. Topics become stale, and actions wait. */
  goOffline(): void {
    const reason = { code: 'network', message: 'The test took the network away.' };
    this.#client.show({ state: 'offline', enteredAt: Date.now(), outdated: false, attempt: 1, reason });
  }

  #unansweredActions(): readonly TestAction[] {
    this.#client.deliver();
    return this.#client.isConnected ? this.#actions : [];
  }

  #declare({ name, kind }: TopicReference): void {
    const declared = this.#kinds.get(name) ?? kind;
    if (declared !== kind)
      throw new Error(`"${name}" is used with the kind "${declared}", so it cannot have the kind "${kind}" too.`);
    this.#kinds.set(name, kind);
  }
}

function listed(actions: readonly TestAction[]): string {
  return actions.length === 0 ? 'none' : actions.map(({ name }) => `"${name}"`).join(', ');
}
