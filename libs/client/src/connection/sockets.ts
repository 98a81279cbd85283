import { CLOSE_CODES, type AuthenticatedFrame, type ErrorFrame, type WelcomeFrame } from '@statewire/protocol';
import {
  BehaviorSubject,
  defer,
  filter,
  NEVER,
  Observable,
  of,
  race,
  Subject,
  switchMap,
  take,
  throwError,
  type Subscription,
} from 'rxjs';

import type { ClientParts } from './client-parts.js';
import type { Timer } from '../core/environment.js';
import type { StatusReason } from '../core/status.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import { after } from '../core/after.js';
import { Backoff } from './backoff.js';
import { closeReason, ConnectionFailure } from '../core/connection-failure.js';
import { keepTrying } from './keep-trying.js';
import { SocketLink } from './socket-link.js';

/** Coming back to WebSocket when it is switched on again is spread over so many ms. */
const RETURN_JITTER = 1_000;
/** An attempt older than this that met no answer is given up when the network comes back. */
const STALE_ATTEMPT = 1_000;

/** The old socket drains: the next one opens beside it. */
const HANDOVER = new ConnectionFailure({ code: 'draining', message: 'the server asked to reconnect' }, 'now', 'never');

const SWITCHED_OFF = new ConnectionFailure(
  { code: 'switched-off', message: 'WebSocket is switched off; polling until it is back' },
  'server',
  'now',
);

export interface SocketsListener {
  /** Something that the status or the choice of a transport depends on. */
  changed(): void;
  attempting(): void;
  welcomed(link: SocketLink, frame: WelcomeFrame): void;
  recovered(link: SocketLink): void;
  suspect(link: SocketLink): void;
  lost(link: SocketLink): void;
  /** No socket is tried for now. */
  waiting(failure: ConnectionFailure): void;
  denied(reason: StatusReason): void;
  authenticated(link: SocketLink, result: AuthenticatedFrame | ErrorFrame): void;
  rest(entry: TopicEntry, retryAfter: number | undefined): void;
}

/** The WebSockets of a client, one after the other, and two while one takes over from a drained one. */
export class Sockets {
  current: SocketLink | undefined;
  /** The drained socket that still carries what the current one has not taken over. */
  retiring: SocketLink | undefined;
  /** Milliseconds since the Unix epoch; undefined while an attempt runs, or while WebSocket is switched off. */
  nextRetryAt: number | undefined;

  private readonly backoff: Backoff;
  private readonly wake$ = new Subject<void>();
  /** What the server says about WebSocket. */
  private readonly allowed$ = new BehaviorSubject(true);
  private attempts: Subscription | undefined;
  private failAttempt: ((failure: ConnectionFailure) => void) | undefined;
  private attemptedAt = 0;
  private drain: Timer | undefined;
  /** On the monotonic clock; no attempt before. */
  private holdUntil = 0;

  constructor(
    private readonly parts: ClientParts,
    private readonly listener: SocketsListener,
  ) {
    this.backoff = new Backoff(parts.environment, parts.options.backoff);
  }

  get attempt(): number {
    return this.backoff.attempt;
  }

  /** The one that is welcomed and heard. */
  get live(): SocketLink | undefined {
    return [this.current, this.retiring].find((link) => link?.isHealthy);
  }

  get all(): readonly SocketLink[] {
    return [this.current, this.retiring].filter((link) => link !== undefined);
  }

  start(): void {
    this.attempts = defer(() => this.openNext())
      .pipe(keepTrying((failure: ConnectionFailure) => this.beforeNext(failure)))
      .subscribe({ error: (failure: ConnectionFailure) => this.listener.denied(failure.reason) });
  }

  stop(): void {
    this.attempts?.unsubscribe();
    this.retire(undefined);
    this.drain?.cancel();
    this.backoff.reset();
    this.holdUntil = 0;
    this.nextRetryAt = undefined;
  }

  /** Ends the current attempt or connection; a drained one stays beside the next. */
  fail(failure: ConnectionFailure): void {
    const { current } = this;
    this.current = undefined;
    if (current !== this.retiring) current?.close();
    this.failAttempt?.(failure);
  }

  /** Starts over with a new connection at once. */
  restart(): void {
    this.retire(undefined);
    if (this.current)
      this.fail(new ConnectionFailure({ code: 'reconnect', message: 'the credentials changed' }, 'now'));
  }

  /** What `config` and polls tell. */
  allow(isAllowed: boolean): void {
    if (isAllowed === this.allowed$.value) return;
    this.allowed$.next(isAllowed);
    if (!isAllowed && this.current?.welcome === undefined && this.current !== undefined) this.fail(SWITCHED_OFF);
  }

  /** The server asked, over HTTP, to be left alone for so many ms. */
  hold(ms: number): void {
    this.holdUntil = this.parts.environment.monotonic() + ms;
  }

  wake(cause: 'online' | 'visible'): void {
    this.wake$.next();
    const { current } = this;
    current?.probe();
    const age = this.parts.environment.monotonic() - this.attemptedAt;
    if (cause === 'online' && current !== undefined && current.welcome === undefined && age > STALE_ATTEMPT) {
      this.fail(new ConnectionFailure({ code: 'network', message: 'the network came back' }, 'now'));
    }
  }

  private openNext(): Observable<never> {
    return new Observable((subscriber) => {
      const { environment, options } = this.parts;
      const hold = this.holdUntil - environment.monotonic();
      if (!options.isWebSocketEnabled() || this.isSwitchedOff) return subscriber.error(SWITCHED_OFF);
      if (hold > 0) {
        const reason = { code: 'unavailable', message: 'the server asked to wait' };
        return subscriber.error(new ConnectionFailure(reason, 'overload', 'never', hold));
      }
      const link = this.link();
      this.current = link;
      this.failAttempt = (failure) => subscriber.error(failure);
      this.attemptedAt = environment.monotonic();
      this.nextRetryAt = undefined;
      this.listener.attempting();
      link.open();
      return () => {
        if (this.current === link) this.current = undefined;
        if (this.retiring !== link) link.close();
      };
    });
  }

  private link(): SocketLink {
    const { listener } = this;
    return new SocketLink(this.parts, {
      greeted: () => listener.changed(),
      welcomed: (link, frame) => {
        this.parts.tokens.accepted(link.token);
        listener.welcomed(link, frame);
      },
      settled: (link) => {
        if (link === this.current) this.retire(undefined);
      },
      suspect: (link) => listener.suspect(link),
      recovered: (link) => listener.recovered(link),
      measured: () => listener.changed(),
      drain: (link, within) => this.onDrain(link, within),
      authenticated: (link, result) => listener.authenticated(link, result),
      rest: (entry, retryAfter) => listener.rest(entry, retryAfter),
      lost: (link, failure) => this.onLost(link, failure),
    });
  }

  private onDrain(link: SocketLink, within: number): void {
    if (link !== this.current) return;
    this.drain?.cancel();
    this.drain = this.parts.environment.setTimer(() => {
      if (link !== this.current) return;
      this.retire(link);
      this.fail(HANDOVER);
    }, this.parts.environment.random() * within);
  }

  /** This drained socket stays beside the next one; the one that stayed before is closed. */
  retire(link: SocketLink | undefined): void {
    this.retiring?.close();
    this.retiring = link;
    link?.session.retire();
  }

  private onLost(link: SocketLink, failure: ConnectionFailure): void {
    if (link === this.retiring) {
      this.retiring = undefined;
      return this.listener.lost(link);
    }
    const { environment, options } = this.parts;
    const { welcome, welcomedAt } = link;
    if (welcome !== undefined && environment.monotonic() - welcomedAt >= options.stableAfter) this.backoff.reset();
    this.drain?.cancel();
    this.current = undefined;
    this.listener.lost(link);
    this.failAttempt?.(this.isRefusedForGood(link, failure) ? new ConnectionFailure(failure.reason, 'stop') : failure);
  }

  /** A token that expired while it was in force is renewed; a new one that is refused would be refused again. */
  private isRefusedForGood({ token, welcome }: SocketLink, { reason }: ConnectionFailure): boolean {
    if (reason.code !== closeReason(CLOSE_CODES.tokenExpired.code)) return false;
    const isUseless = this.parts.tokens.refused(token);
    return isUseless && welcome === undefined;
  }

  /** Emits when it is time for the next attempt. */
  private beforeNext(failure: ConnectionFailure): Observable<unknown> {
    if (failure === HANDOVER) return of(undefined);
    const { environment } = this.parts;
    const { reason, cause, retryAfter, polling } = failure;
    if (cause === 'stop') return throwError(() => failure);
    if (reason.code === closeReason(CLOSE_CODES.switchedOff.code)) this.allowed$.next(false);
    if (this.isSwitchedOff) {
      this.listener.waiting(failure);
      return this.whenAllowed();
    }
    const hold = Math.max(0, this.holdUntil - environment.monotonic());
    const delay = Math.max(hold, this.backoff.next(cause, retryAfter));
    this.nextRetryAt = environment.now() + delay;
    this.listener.waiting(failure);
    return race<void[]>(after(environment, delay), polling === 'never' ? NEVER : this.wake$).pipe(take(1));
  }

  /** Without polling nobody would tell that it is on again: then it is tried as after any failure. */
  private get isSwitchedOff(): boolean {
    return !this.allowed$.value && this.parts.options.polling.enabled;
  }

  private whenAllowed(): Observable<unknown> {
    const { environment } = this.parts;
    return this.allowed$.pipe(
      filter(Boolean),
      take(1),
      switchMap(() => after(environment, environment.random() * RETURN_JITTER)),
    );
  }
}
