import { CLOSE_CODE } from '@statewire/protocol';
import {
  BehaviorSubject,
  defer,
  filter,
  NEVER,
  Observable,
  of,
  race,
  retry,
  Subject,
  switchMap,
  take,
  throwError,
  type Subscription,
} from 'rxjs';

import { closeReason, ConnectionFailure } from '../core/connection-failure.js';
import { emitAfter } from '../core/emit-after.js';
import type { Timer } from '../core/environment.js';
import type { ConnectionEvent, ConnectorEvent, Emit } from '../session/client-event.js';
import { Backoff } from './backoff.js';
import type { ClientServices } from './client-services.js';
import { WebSocketConnection } from './web-socket-connection.js';

/** Upper bound of the random delay before a reconnect after the WebSocket is switched on. */
const SWITCHED_ON_JITTER_MS = 1_000;
/** When the network is back, the client ends an unanswered attempt that is older than this. */
const STALE_ATTEMPT_MS = 1_000;

/** The server drains the old connection. The next one opens beside it. */
const HANDOVER = new ConnectionFailure(
  { code: 'draining', message: 'the server requested a reconnect' },
  'none',
  'never',
);

const SWITCHED_OFF = new ConnectionFailure(
  { code: 'switched-off', message: 'the WebSocket is switched off; the client polls until it is switched on' },
  'server',
  'immediately',
);

/** Opens one WebSocket after the other, and a second one beside a connection that the server drains. */
export class WebSocketConnector {
  readonly #services: ClientServices;
  readonly #emit: Emit<ConnectionEvent<WebSocketConnection> | ConnectorEvent>;

  current: WebSocketConnection | undefined;
  /** The drained connection, which still delivers the topics that the current one does not deliver yet. */
  retiring: WebSocketConnection | undefined;
  /** In milliseconds since the Unix epoch; undefined during an attempt, and while the WebSocket is switched off. */
  nextRetryAt: number | undefined;

  readonly #backoff: Backoff;
  readonly #wake$ = new Subject<void>();
  /** Whether the server allows WebSockets. */
  readonly #allowed$ = new BehaviorSubject(true);
  #attempts: Subscription | undefined;
  #failAttempt: ((failure: ConnectionFailure) => void) | undefined;
  /** On the wall clock, which goes on while the machine sleeps. */
  #attemptedAt = 0;
  #drainTimer: Timer | undefined;
  /** On the monotonic clock. There is no attempt before. */
  #pausedUntil = 0;

  constructor(services: ClientServices, emit: Emit<ConnectionEvent<WebSocketConnection> | ConnectorEvent>) {
    this.#services = services;
    this.#emit = emit;
    this.#backoff = new Backoff(services.environment, services.options.backoff);
  }

  /** Number of the current or next attempt, from 1. */
  get attempt(): number {
    return this.#backoff.attempt;
  }

  /** The healthy connection, if there is one. */
  get live(): WebSocketConnection | undefined {
    return [this.current, this.retiring].find((connection) => connection?.isHealthy);
  }

  get connections(): readonly WebSocketConnection[] {
    return [this.current, this.retiring].filter((connection) => connection !== undefined);
  }

  /** Connects, and reconnects after each failure until the server rejects the client permanently. */
  start(): void {
    this.#attempts = defer(() => this.#openNext())
      .pipe(retry({ delay: (failure: ConnectionFailure) => this.#beforeNext(failure) }))
      .subscribe({ error: ({ reason }: ConnectionFailure) => this.#emit({ type: 'denied', reason }) });
  }

  stop(): void {
    this.#attempts?.unsubscribe();
    this.retire(undefined);
    this.#drainTimer?.cancel();
    this.#backoff.reset();
    this.nextRetryAt = undefined;
  }

  /** Closes every connection and opens a new one at once, because the credentials changed. */
  restart(): void {
    this.retire(undefined);
    if (this.current === undefined) return this.#wake$.next();
    this.#fail(new ConnectionFailure({ code: 'reconnect', message: 'the credentials changed' }, 'none'));
  }

  /** Applies the server's switch for WebSockets, which it sends over HTTP. */
  setAllowed(isAllowed: boolean): void {
    if (isAllowed === this.#allowed$.value) return;
    this.#allowed$.next(isAllowed);
    if (!isAllowed && this.current?.welcome === undefined && this.current !== undefined) this.#fail(SWITCHED_OFF);
  }

  /** Pauses attempts for `delay` ms after an overload answer over HTTP. */
  pause(delay: number): void {
    this.#pausedUntil = this.#services.environment.monotonic() + delay;
  }

  /** Checks whether the connection still works. */
  probe(): void {
    this.current?.probe();
  }

  /** Probes the connection or ends the wait for the next attempt. */
  wake(cause: 'online' | 'visible'): void {
    this.#wake$.next();
    const { current } = this;
    this.probe();
    const age = this.#services.environment.now() - this.#attemptedAt;
    if (cause === 'online' && current !== undefined && current.welcome === undefined && age > STALE_ATTEMPT_MS) {
      this.#fail(new ConnectionFailure({ code: 'network', message: 'the network came back' }, 'none'));
    }
  }

  /** Trusts no connection until the server answers, and no attempt from before, because the machine slept. */
  doubt(): void {
    for (const connection of this.connections) connection.doubt();
    this.wake('online');
  }

  /** Keeps a drained connection beside the next one. Closes an earlier drained connection. */
  retire(connection: WebSocketConnection | undefined): void {
    this.retiring?.close();
    this.retiring = connection;
    connection?.session.topics.retire();
  }

  #handle(event: ConnectionEvent<WebSocketConnection>): void {
    switch (event.type) {
      case 'topics-confirmed':
        if (event.connection === this.current) this.retire(undefined);
        return;
      case 'draining':
        return this.#handleDrain(event.connection, event.reconnectWithin);
      case 'lost':
        return this.#handleLoss(event.connection, event.failure);
      case 'welcomed':
        this.#services.tokens.markAccepted(event.connection.token);
    }
    this.#emit(event);
  }

  /** Ends the current attempt or connection. A drained connection stays beside the next one. */
  #fail(failure: ConnectionFailure): void {
    const { current } = this;
    this.current = undefined;
    if (current !== this.retiring) current?.close();
    this.#failAttempt?.(failure);
  }

  #openNext(): Observable<never> {
    return new Observable((subscriber) => {
      const { environment, options } = this.#services;
      const pause = this.#pausedUntil - environment.monotonic();
      if (!options.isWebSocketEnabled() || this.#isSwitchedOff) return subscriber.error(SWITCHED_OFF);
      if (pause > 0) {
        const reason = { code: 'unavailable', message: 'the server requested a pause' };
        return subscriber.error(new ConnectionFailure(reason, 'overload', 'never', pause));
      }
      const connection = new WebSocketConnection(this.#services, (event) => this.#handle(event));
      this.current = connection;
      this.#failAttempt = (failure) => subscriber.error(failure);
      this.#attemptedAt = environment.now();
      this.nextRetryAt = undefined;
      this.#emit({ type: 'attempt-started' });
      connection.open();
      return () => {
        if (this.current === connection) this.current = undefined;
        if (this.retiring !== connection) connection.close();
      };
    });
  }

  #handleDrain(connection: WebSocketConnection, reconnectWithin: number): void {
    const { environment } = this.#services;
    if (connection !== this.current) return;
    this.#drainTimer?.cancel();
    this.#drainTimer = environment.setTimer(() => {
      if (connection !== this.current) return;
      this.retire(connection);
      this.#fail(HANDOVER);
    }, environment.random() * reconnectWithin);
  }

  #handleLoss(connection: WebSocketConnection, failure: ConnectionFailure): void {
    if (connection === this.retiring) {
      this.retiring = undefined;
      return this.#emit({ type: 'lost', connection, failure });
    }
    const { environment, options } = this.#services;
    const { welcome, welcomedAt } = connection;
    const isStable = welcome !== undefined && environment.monotonic() - welcomedAt >= options.backoff.stableAfterMs;
    if (isStable) this.#backoff.reset();
    this.#drainTimer?.cancel();
    this.current = undefined;
    this.#emit({ type: 'lost', connection, failure });
    const isPermanent = this.#isRejectedForGood(connection, failure);
    this.#failAttempt?.(isPermanent ? new ConnectionFailure(failure.reason, 'permanent') : failure);
  }

  /** A token that expires during the connection can be renewed. A rejected new token would be rejected again. */
  #isRejectedForGood({ token, welcome }: WebSocketConnection, { reason }: ConnectionFailure): boolean {
    if (reason.code !== closeReason(CLOSE_CODE.tokenExpired)) return false;
    const wasRenewed = this.#services.tokens.markRejected(token);
    return wasRenewed && welcome === undefined;
  }

  /** Emits when it is time for the next attempt; fails if there is none. */
  #beforeNext(failure: ConnectionFailure): Observable<unknown> {
    if (failure === HANDOVER) return of(undefined);
    const { environment } = this.#services;
    const { reason, cause, retryAfter, polling } = failure;
    if (cause === 'permanent') return throwError(() => failure);
    if (reason.code === closeReason(CLOSE_CODE.switchedOff)) this.#allowed$.next(false);
    if (this.#isSwitchedOff) {
      this.#emit({ type: 'attempt-postponed', failure });
      return this.#whenAllowed();
    }
    const pause = Math.max(0, this.#pausedUntil - environment.monotonic());
    const delay = Math.max(pause, this.#backoff.next(cause, retryAfter));
    this.nextRetryAt = environment.now() + delay;
    this.#emit({ type: 'attempt-postponed', failure });
    return race<void[]>(emitAfter(environment, delay), polling === 'never' ? NEVER : this.#wake$).pipe(take(1));
  }

  /** Without polling the client cannot learn that the WebSocket is on again, so it then keeps trying. */
  get #isSwitchedOff(): boolean {
    return !this.#allowed$.value && this.#services.options.polling.enabled;
  }

  #whenAllowed(): Observable<unknown> {
    const { environment } = this.#services;
    return this.#allowed$.pipe(
      filter(Boolean),
      take(1),
      switchMap(() => emitAfter(environment, environment.random() * SWITCHED_ON_JITTER_MS)),
    );
  }
}
