import { inject, Injectable } from '@angular/core';
import { RealtimeClientError, type ClientErrorCode, type ConnectionStatus } from '@statewire/client';
import type { Action, TopicReference } from '@statewire/protocol';

import { FakeRealtimeClient } from './fake-realtime-client.js';
import type { FakeTopic } from './fake-topic.js';
import { jsonProjection } from './json-projection.js';
import type { TestAction } from './test-action.js';

/**
 * The server's side of a test: publishes values and events, answers actions, takes the connection away and brings it
 * back. It is live from the first subscription or action on. What it says reaches signals and observables before the
 * call returns; `await fixture.whenStable()` then brings it to the template.
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
  readonly #client = inject(FakeRealtimeClient);

  /** What the application is shown as the state of its connection. */
  get status(): ConnectionStatus {
    return this.#client.status;
  }

  /** Whether anything in the application follows the topic now. */
  isFollowed(topic: TopicReference): boolean {
    return this.#client.knownTopic(topic.name)?.isFollowed ?? false;
  }

  /** Publishes the next value of a state topic. While offline the application sees only the last one, once it is back. */
  publish<T>(topic: TopicReference<T, 'state'>, value: NoInfer<T>): void {
    const published = this.#client.stateTopic(topic.name);
    published.publish(jsonProjection(value));
    this.#deliver(published);
  }

  /** Publishes an event. While offline it waits until the application is back. */
  emit<T>(topic: TopicReference<T, 'events'>, event: NoInfer<T>): void {
    const published = this.#client.eventTopic(topic.name);
    published.publish(jsonProjection(event), Date.now());
    this.#deliver(published);
  }

  /** Tells the followers of an event topic that events were lost. */
  lose(topic: TopicReference<unknown, 'events'>): void {
    const lossy = this.#client.eventTopic(topic.name);
    lossy.lose();
    this.#deliver(lossy);
  }

  /** Refuses a topic, or takes it away: its observables err, its resources are in `error`. */
  refuse(topic: TopicReference, code: ClientErrorCode, message = `The test refused "${topic.name}".`): void {
    const refused = topic.kind === 'state' ? this.#client.stateTopic(topic.name) : this.#client.eventTopic(topic.name);
    refused.refuse(new RealtimeClientError(code, message));
  }

  /**
   * The oldest unanswered action of this kind; answer it with `respond()` or `refuse()`.
   *
   * @throws Error when none was sent, or when the application is offline.
   * @example
   * const sent = server.expectAction(pause);
   * expect(sent.data).toEqual({ battleId: '42' });
   * sent.respond({ paused: true });
   */
  expectAction<D, R>(action: Action<D, R>): TestAction<D, R> {
    const waiting = this.#client.unansweredActions;
    const found = waiting.find(({ name }) => name === action.name);
    if (found === undefined) {
      throw new Error(`Expected the action "${action.name}" to be sent; waiting for an answer: ${listed(waiting)}.`);
    }
    this.#client.take(found);
    return found as TestAction<D, R>;
  }

  /**
   * Checks that no action is waiting which the test did not expect.
   *
   * @throws Error that names them.
   */
  verify(): void {
    const waiting = this.#client.unansweredActions;
    if (waiting.length > 0) throw new Error(`Expected no further actions; waiting for an answer: ${listed(waiting)}.`);
  }

  /** The WebSocket is up: topics catch up and are live. */
  goLive(): void {
    this.#client.connect();
  }

  /** The WebSocket failed, polling keeps topics live. */
  goPolling(): void {
    const reason = { code: 'no-websocket', message: 'The test took the WebSocket away.' };
    this.#client.enter({ state: 'polling', enteredAt: Date.now(), transport: 'polling', attempt: 1, reason });
  }

  /** Nothing reaches the server: topics turn stale, actions wait. */
  goOffline(): void {
    const reason = { code: 'network', message: 'The test took the network away.' };
    this.#client.enter({ state: 'offline', enteredAt: Date.now(), attempt: 1, reason });
  }

  #deliver(topic: FakeTopic): void {
    if (this.#client.isConnected) topic.catchUp();
  }
}

function listed(actions: readonly TestAction[]): string {
  return actions.length === 0 ? 'none' : actions.map(({ name }) => `"${name}"`).join(', ');
}
