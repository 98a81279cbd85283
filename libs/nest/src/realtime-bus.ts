import { Inject, Injectable } from '@nestjs/common';
import type { Position, TopicReference } from '@statewire/protocol';
import { map, type Observable } from 'rxjs';

import type { TransactionClient } from './core/broker.js';
import type { Environment } from './core/environment.js';
import { GuardedObservable } from './core/guarded-observable.js';
import type { RealtimeLog } from './core/realtime-log.js';
import { ENVIRONMENT, REALTIME_LOG } from './core/tokens.js';
import { TopicRegistry } from './topics/topic-registry.js';
import { TopicUpdates, type Draft } from './topics/topic-updates.js';

/** A value of a topic with its position. */
export interface Publication<Value> {
  /** The value or event. */
  readonly value: Value;
  /** The position of the value in its topic. */
  readonly position: Position;
  /** Milliseconds since the Unix epoch, by the broker's clock. */
  readonly time: number;
}

/** Options of {@link RealtimeBus.publish} inside a transaction. */
export interface TransactionOptions {
  /** The connection of the open transaction: a client of `pg`, or an `EntityManager` or `QueryRunner` of TypeORM. */
  readonly transaction: TransactionClient;
}

/**
 * Publishes to topics from anywhere on the server, and reads topics there.
 *
 * @example
 * ```ts
 * bus.publish(battle.with({ battleId }), snapshot);
 * bus.stream(battle.with({ battleId })).subscribe((snapshot) => …);
 * ```
 */
@Injectable()
export class RealtimeBus {
  private readonly updates: TopicUpdates;

  /** @internal Nest creates the instance. */
  constructor(
    private readonly topics: TopicRegistry,
    @Inject(REALTIME_LOG) private readonly log: Pick<RealtimeLog, 'error'>,
    @Inject(ENVIRONMENT) environment: Pick<Environment, 'random' | 'setTimer'>,
  ) {
    this.updates = new TopicUpdates(topics, environment);
  }

  /**
   * Publishes the JSON projection of a value to every subscriber of the topic. Publish a new object each time. The plain
   * objects and arrays of a published value are frozen: a later change of them throws a TypeError in strict mode, and has
   * no effect in sloppy mode. Objects of classes are copied, and so is everything that contains one. An immutable update,
   * which keeps the objects that did not change, costs only what changed. Publications of one process to one topic keep their
   * order. Before the module has started, in a constructor for example, it rejects objects of classes: it does not yet
   * know whether a class serializer hides a field of them.
   *
   * Publish at most `history.count` events (default 1,024) of a topic within one turn of the event loop. Above 64 KiB
   * in a turn (`limits.outbox.softMarkBytes`) events wait in the history; the server closes a reader with 4101 if they
   * leave it too soon.
   *
   * You need not await the result. The log has every failure, and none becomes an unhandled rejection.
   *
   * @returns the position, after the broker has stored the publication and the subscribers of this process have got it.
   * @throws (rejects) PublishError if the value has no JSON, is nested too deep, or the topic has a source;
   * RealtimeError `too_large` above `limits.frames.publicationBytes`; BrokerError.
   */
  publish<Value>(topic: TopicReference<Value>, value: Value): Promise<Position>;
  /**
   * Publishes the value when the transaction commits, and never if it does not: after a rollback, also to a savepoint, after a
   * serialization failure, or if the process ends before. It needs `@statewire/broker-postgres` on the database of the
   * transaction. Await it before the commit. A rejection has sent nothing to the transaction, unless the database rejected the statement.
   *
   * @example
   * ```ts
   * await dataSource.transaction(async (transaction) => {
   *   await transaction.save(order);
   *   await bus.publish(orders.with({ id }), order, { transaction });
   * });
   * ```
   * @returns nothing, because only the commit gives the publication a position.
   * @throws (rejects) also PublishError `no_transactions`, if the broker has none.
   */
  publish<Value>(topic: TopicReference<Value>, value: Value, options: TransactionOptions): Promise<void>;
  publish<Value>(topic: TopicReference<Value>, value: Value, options?: TransactionOptions): Promise<Position | void> {
    const published: Promise<Position | void> =
      options === undefined
        ? this.topics.publish(topic, value)
        : this.topics.publishAtCommit(topic, value, options.transaction);
    published.catch((error: unknown) => this.log.error('publication-failed', error, { topic: topic.name }));
    return published;
  }

  /**
   * Changes the newest value of a state topic, and publishes the result. The recipe changes a draft of the value; what it
   * returns has no effect. If another publication comes in between, on any node, the recipe runs again with the newer
   * value: no update is lost, so the recipe must have no other effect. After 20 attempts the update gives up. Updates of
   * one process to one topic keep their order. Unchanged parts of the value are neither read nor compared again.
   *
   * It needs the package `mutative`, an optional peer dependency. A recipe that changes nothing publishes nothing, so
   * nothing checks whether this node knew the newest value. You need not await the result: the log has every failure.
   *
   * @example
   * ```ts
   * await bus.update(battle.with({ battleId }), (draft) => {
   *   draft.hp -= 5;
   * });
   * ```
   * @returns the position of the value.
   * @throws (rejects) PublishError `not_updatable` if the topic has no object or list as its value, or the recipe is
   * asynchronous, `missing_package` or `contended`; the error of the recipe; RealtimeError `unavailable` if the topic
   * cannot be loaded; and what `publish` rejects with.
   */
  update<Value>(topic: TopicReference<Value, 'state'>, recipe: (draft: Draft<Value>) => void): Promise<Position> {
    const updated = this.updates.update(topic, recipe);
    updated.catch((error: unknown) => this.log.error('update-failed', error, { topic: topic.name }));
    return updated;
  }

  /**
   * Emits the values of a topic, starting with the current value of a state topic. A subscription keeps the topic and
   * its source alive. Completes when the topic is closed, or its source fails.
   *
   * An error that a subscriber throws or does not handle goes to the log and ends nothing, also after `pipe`.
   * Subscribers of a combination of several observables (`merge`, `combineLatest`) have the behaviour of RxJS.
   */
  stream<Value>(topic: TopicReference<Value>): Observable<Value> {
    return this.publications(topic).pipe(map(({ value }) => value));
  }

  /** The same with positions. */
  publications<Value>(topic: TopicReference<Value>): Observable<Publication<Value>> {
    const stream = this.topics.stream(topic) as Observable<Publication<Value>>;
    const report = (error: unknown): void => {
      this.log.error('stream-subscriber-failed', error, { topic: topic.name });
    };
    return new GuardedObservable(stream, report);
  }

  /** Closes the topic on every node. Subscribers get its last publications, then `unsubscribed` with `closed`. */
  close(topic: TopicReference): Promise<void> {
    return this.topics.close(topic.name);
  }
}
