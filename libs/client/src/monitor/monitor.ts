import { CLOSE_CODES, type ErrorFrame, type WelcomeFrame } from '@statewire/protocol';
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

import { HttpActions } from '../actions/http-actions.js';
import type { ClientParts } from '../client-parts.js';
import type { Timer } from '../environment.js';
import type { StatusReason } from '../status.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import { after } from './after.js';
import { Backoff } from './backoff.js';
import { ConnectionFailure } from './connection-failure.js';
import { keepTrying } from './keep-trying.js';
import { Poller } from './poller.js';
import { SocketLink } from './socket-link.js';
import type { StatusBoard } from './status-board.js';

/** Polling starts spread over so many ms, so that a lost server is not asked by everybody at one moment. */
const POLL_JITTER = 250;
/** The same for coming back to WebSocket when it is switched on again. */
const RETURN_JITTER = 1_000;
/** An attempt older than this that met no answer is given up when the network comes back. */
const STALE_ATTEMPT = 1_000;
const NETWORK_REASON: StatusReason = { code: 'network', message: 'there is no connection yet' };

/** The old socket drains: the next one opens beside it. */
const HANDOVER = new ConnectionFailure({ code: 'draining', message: 'the server asked to reconnect' }, 'now', false);

const SWITCHED_OFF = new ConnectionFailure(
  { code: 'switched-off', message: 'WebSocket is switched off; polling until it is back' },
  'server',
);

/** Time: when to connect, to poll, to wait, and which transport is believed. */
export class Monitor {
  private readonly backoff: Backoff;
  private readonly poller: Poller;
  private readonly httpActions: HttpActions;
  private readonly wake$ = new Subject<void>();
  /** What the server says about WebSocket. */
  private readonly allowed$ = new BehaviorSubject(true);

  private current: SocketLink | undefined;
  /** The drained socket that still carries what the current one has not taken over. */
  private retiring: SocketLink | undefined;
  private attempts: Subscription | undefined;
  private failAttempt: ((failure: ConnectionFailure) => void) | undefined;
  private attemptedAt = 0;
  private race: Timer | undefined;
  private drain: Timer | undefined;
  private refresh: Timer | undefined;
  private removeWake: (() => void) | undefined;

  private isStarted = false;
  private isReauthenticating = false;
  private wasEverLive = false;
  private denial: StatusReason | undefined;
  private reason: StatusReason | undefined;
  private nextRetryAt: number | undefined;
  /** The server asked to be left alone: no polling before the next attempt. */
  private isPatient = false;
  /** Monotonic; no attempt before. */
  private holdUntil = 0;
  private expiredInARow = 0;

  constructor(
    private readonly parts: ClientParts,
    private readonly board: StatusBoard,
  ) {
    this.backoff = new Backoff(parts.environment, parts.options.backoff);
    this.httpActions = new HttpActions(parts, () => this.poller.now());
    this.poller = new Poller(parts, {
      config: ({ actionWindow, websocket }) => {
        parts.outbox.learn({ actionWindow });
        this.allow(websocket);
      },
      answered: ({ websocket }) => {
        this.allow(websocket);
        this.httpActions.resume();
        this.update();
      },
      failed: (failure) => this.onPollFailed(failure),
      rest: (entry, retryAfter) => this.rest(entry, retryAfter),
    });
    parts.registry.wanted$.subscribe((entry) => {
      this.start();
      this.current?.session.follow(entry);
      this.retiring?.session.follow(entry);
      this.poller.soon();
    });
    parts.registry.unwanted$.subscribe((entry) => {
      this.current?.topicLeft(entry.name);
      this.current?.session.leave(entry);
      this.retiring?.session.leave(entry);
    });
  }

  /** Does nothing where it runs already. */
  start(): void {
    if (this.isStarted || this.board.status.state === 'closed') return;
    const { environment, options } = this.parts;
    this.isStarted = true;
    this.denial = undefined;
    this.removeWake = environment.onWake((cause) => this.wake(cause));
    if (environment.openWebSocket === undefined) {
      this.reason = { code: 'no-websocket', message: 'this host has no WebSocket' };
      this.startPolling(0);
    } else {
      this.armRace();
      this.attempts = defer(() => this.attempt())
        .pipe(keepTrying((failure: ConnectionFailure) => this.beforeNext(failure)))
        .subscribe({ error: (failure: ConnectionFailure) => this.deny(failure.reason) });
    }
    if (!options.polling.enabled && this.attempts === undefined) this.reason ??= NETWORK_REASON;
    this.update();
  }

  /** Ends everything; `start` begins anew. */
  stop(): void {
    this.isStarted = false;
    this.removeWake?.();
    this.attempts?.unsubscribe();
    this.attempts = undefined;
    this.retire(undefined);
    for (const timer of [this.race, this.drain, this.refresh]) timer?.cancel();
    this.race = undefined;
    this.poller.stop();
    this.httpActions.stop();
    this.parts.outbox.use(undefined);
    this.backoff.reset();
    this.expiredInARow = 0;
    this.holdUntil = 0;
    this.nextRetryAt = undefined;
  }

  async reauthenticate(): Promise<void> {
    const link = this.current;
    const before = link?.token;
    if (!link?.isHealthy || before === undefined) return this.switchIdentity();
    this.isReauthenticating = true;
    const token = await this.parts.tokens.get('connect');
    if (token === undefined || link !== this.current) return this.switchIdentity();
    link.token = token;
    link.session.authenticate(token);
  }

  private attempt(): Observable<never> {
    return new Observable((subscriber) => {
      const { environment, options } = this.parts;
      const hold = this.holdUntil - environment.monotonic();
      if (!options.isWebSocketEnabled() || (!this.allowed$.value && options.polling.enabled)) {
        return subscriber.error(SWITCHED_OFF);
      }
      if (hold > 0) {
        const reason = this.reason ?? NETWORK_REASON;
        return subscriber.error(new ConnectionFailure(reason, 'overload', false, hold));
      }
      const link = this.link();
      this.current = link;
      this.failAttempt = (failure) => subscriber.error(failure);
      this.attemptedAt = environment.monotonic();
      this.nextRetryAt = undefined;
      this.isPatient = false;
      this.armRace();
      this.update();
      link.open();
      return () => {
        if (this.current === link) this.current = undefined;
        if (this.retiring !== link) link.close();
      };
    });
  }

  /** Ends the current attempt or connection; a drained one stays beside the next. */
  private fail(failure: ConnectionFailure): void {
    const { current } = this;
    this.current = undefined;
    if (current !== this.retiring) current?.close();
    this.failAttempt?.(failure);
  }

  private link(): SocketLink {
    return new SocketLink(this.parts, {
      greeted: () => this.update(),
      welcomed: (link, frame) => this.onWelcome(link, frame),
      settled: (link) => {
        if (link === this.current) this.retire(undefined);
      },
      suspect: (link) => this.onSuspect(link),
      recovered: (link) => {
        link.session.followAll();
        this.onLive();
      },
      measured: () => this.update(),
      drain: (link, within) => this.onDrain(link, within),
      authenticated: (link, result) => this.onAuthenticated(link, result),
      rest: (entry, retryAfter) => this.rest(entry, retryAfter),
      lost: (link, failure) => this.onLost(link, failure),
    });
  }

  private get isLive(): boolean {
    return this.current?.isHealthy === true || this.retiring?.isHealthy === true;
  }

  private onWelcome(link: SocketLink, frame: WelcomeFrame): void {
    const { outbox, metrics } = this.parts;
    outbox.learn({ actionWindow: frame.actionWindow, frameBytes: frame.limits.frameBytes });
    if (this.wasEverLive) metrics.add('reconnects');
    this.wasEverLive = true;
    this.expiredInARow = 0;
    this.scheduleRefresh(link, frame.expiresAt);
    this.onLive();
    outbox.pump();
  }

  private onLive(): void {
    this.race?.cancel();
    this.race = undefined;
    this.reason = undefined;
    this.poller.stop();
    this.update();
  }

  private onSuspect(link: SocketLink): void {
    link.session.suspend();
    this.reason = { code: 'silent', message: 'the server does not answer' };
    this.parts.registry.stale(link.lastHeardAt, ({ carrier }) => carrier === undefined);
    if (!this.isLive) this.startPolling(this.jitter(POLL_JITTER));
    this.update();
  }

  private onDrain(link: SocketLink, within: number): void {
    if (link !== this.current) return;
    this.drain?.cancel();
    this.drain = this.parts.environment.setTimer(() => {
      if (link !== this.current || !link.isHealthy) return;
      this.retire(link);
      this.fail(HANDOVER);
    }, this.jitter(within));
  }

  /** This drained socket is the one to keep beside the next; the one before is closed. */
  private retire(link: SocketLink | undefined): void {
    this.retiring?.close();
    this.retiring = link;
    link?.session.retire();
  }

  private onLost(link: SocketLink, failure: ConnectionFailure): void {
    const { environment, options, registry } = this.parts;
    if (!this.poller.isHealthy) registry.stale(link.lastHeardAt, ({ carrier }) => carrier === undefined);
    if (link === this.retiring) {
      this.retiring = undefined;
      this.armRace();
      return this.update();
    }
    if (link !== this.current) return;
    this.drain?.cancel();
    this.refresh?.cancel();
    const lived = link.welcome === undefined ? 0 : environment.monotonic() - link.welcomedAt;
    if (link.welcome !== undefined && lived >= options.stableAfter) this.backoff.reset();
    if (!link.isGreeted && !options.polling.enabled) void this.poller.askConfig();
    this.fail(failure);
  }

  /** Emits when it is time for the next attempt. */
  private beforeNext(failure: ConnectionFailure): Observable<unknown> {
    if (failure === HANDOVER) return of(undefined);
    const { environment, options } = this.parts;
    const { code } = (this.reason = failure.reason);
    if (code === closeName(CLOSE_CODES.tokenExpired.code)) {
      this.parts.tokens.expire();
      this.expiredInARow += 1;
    }
    if (failure.cause === 'stop' || this.expiredInARow > 1) return throwError(() => failure);
    if (code === closeName(CLOSE_CODES.switchedOff.code)) this.allowed$.next(false);
    if (failure === SWITCHED_OFF || !this.allowed$.value) {
      this.startPolling(this.jitter(POLL_JITTER));
      this.update();
      if (!this.allowed$.value && options.polling.enabled) return this.whenAllowed();
    }
    if (code === 'no-websocket') this.startPolling(0);
    const hold = Math.max(0, this.holdUntil - environment.monotonic());
    const delay = Math.max(hold, this.backoff.next(failure.cause, failure.retryAfter));
    this.nextRetryAt = environment.now() + delay;
    if (failure.allowsPolling) this.armRace();
    else this.bePatient();
    this.update();
    return race<void[]>(after(environment, delay), this.isPatient ? NEVER : this.wake$).pipe(take(1));
  }

  private whenAllowed(): Observable<unknown> {
    this.nextRetryAt = undefined;
    return this.allowed$.pipe(
      filter(Boolean),
      take(1),
      switchMap(() => after(this.parts.environment, this.jitter(RETURN_JITTER))),
    );
  }

  private bePatient(): void {
    this.isPatient = true;
    this.race?.cancel();
    this.race = undefined;
  }

  private allow(websocket: boolean): void {
    if (websocket === this.allowed$.value) return;
    this.allowed$.next(websocket);
    if (!websocket && this.current !== undefined && this.current.welcome === undefined) this.fail(SWITCHED_OFF);
  }

  private armRace(): void {
    const { polling } = this.parts.options;
    if (!polling.enabled || this.race || this.poller.isRunning || this.isPatient || this.isLive) return;
    this.race = this.parts.environment.setTimer(() => this.startPolling(this.jitter(POLL_JITTER)), polling.startAfter);
  }

  private startPolling(delay: number): void {
    this.race?.cancel();
    this.race = undefined;
    if (!this.parts.options.polling.enabled || !this.isStarted) return;
    this.poller.start(delay);
    this.update();
  }

  private onPollFailed(failure: ConnectionFailure): void {
    const { environment, registry } = this.parts;
    if (failure.cause === 'stop') return this.deny(failure.reason);
    if (failure.cause === 'overload' && failure.retryAfter !== undefined) {
      this.holdUntil = environment.monotonic() + failure.retryAfter;
    }
    this.reason = failure.reason;
    registry.stale(this.poller.lastAnswerAt || environment.now(), ({ carrier }) => carrier === undefined);
    this.update();
  }

  private deny(reason: StatusReason): void {
    this.stop();
    this.denial = reason;
    this.parts.registry.stale(this.parts.environment.now());
    this.update();
  }

  private wake(cause: 'online' | 'visible'): void {
    const { current } = this;
    this.wake$.next();
    this.poller.soon();
    current?.probe();
    const age = this.parts.environment.monotonic() - this.attemptedAt;
    if (cause === 'online' && current !== undefined && current.welcome === undefined && age > STALE_ATTEMPT) {
      this.fail(new ConnectionFailure(NETWORK_REASON, 'now'));
    }
  }

  private scheduleRefresh(link: SocketLink, expiresAt: number | undefined): void {
    this.refresh?.cancel();
    if (expiresAt === undefined || link.welcome === undefined) return;
    const { environment, tokens } = this.parts;
    const serverNow = link.welcome.serverTime + environment.monotonic() - link.welcomedAt;
    const left = expiresAt - serverNow;
    this.refresh = environment.setTimer(
      () => {
        tokens.expire();
        void Promise.resolve(tokens.get('connect')).then(
          (token) => {
            if (token !== undefined && link === this.current) link.session.authenticate(token);
          },
          () => undefined,
        );
      },
      Math.max(left - 30_000, left * 0.8),
    );
  }

  private onAuthenticated(link: SocketLink, result: { readonly expiresAt?: number } | ErrorFrame): void {
    const wasAsked = this.isReauthenticating;
    this.isReauthenticating = false;
    if (!('code' in result)) {
      this.scheduleRefresh(link, result.expiresAt);
      if (wasAsked) this.parts.registry.recover();
    } else if (wasAsked && result.code !== 'unauthorized') {
      this.switchIdentity();
    }
  }

  /** Somebody else from here on: a new connection, and nothing of the old identity is sent again. */
  private switchIdentity(): void {
    this.isReauthenticating = false;
    this.parts.outbox.identityChanged();
    this.parts.registry.recover();
    this.retire(undefined);
    if (this.current) this.fail(new ConnectionFailure(NETWORK_REASON, 'now'));
  }

  private rest(entry: TopicEntry, retryAfter: number | undefined): void {
    const { environment, options, registry } = this.parts;
    const base = Math.min(options.backoff.cap ?? 30_000, (options.backoff.server ?? 1_000) * 2 ** entry.failures);
    entry.failures += 1;
    entry.resting = true;
    entry.store.freshen({ state: 'stale', since: environment.now() });
    environment.setTimer(
      () => {
        entry.resting = false;
        if (registry.get(entry.name) !== entry || entry.carrier !== undefined) return;
        this.current?.session.follow(entry);
        this.poller.soon();
      },
      (retryAfter ?? base) + this.jitter(base),
    );
  }

  private jitter(within: number): number {
    return this.parts.environment.random() * within;
  }

  /** Which transport takes actions, and what the status says. */
  private update(): void {
    this.parts.outbox.use(this.chooseCarrier());
    this.showStatus();
  }

  private chooseCarrier() {
    const { current, retiring, poller } = this;
    if (current?.isHealthy) return current.session;
    if (retiring?.isHealthy) return retiring.session;
    if (poller.isRunning) return poller.hasFailed ? undefined : this.httpActions;
    return current?.isGreeted && current.welcome === undefined ? current.session : undefined;
  }

  private showStatus(): void {
    const { poller, nextRetryAt, reason = NETWORK_REASON, board } = this;
    const { attempt } = this.backoff;
    const live = [this.current, this.retiring].find((link) => link?.isHealthy);
    const retry = nextRetryAt === undefined ? {} : { nextRetryAt };
    if (this.denial) {
      board.show({ state: 'denied', reason: this.denial });
    } else if (!this.isStarted) {
      return;
    } else if (live?.welcome) {
      const { roundTripTime } = live;
      const measured = roundTripTime === undefined ? {} : { roundTripTime };
      board.show({ state: 'live', transport: 'websocket', connectionId: live.welcome.connectionId, ...measured });
    } else if (poller.isHealthy) {
      const measured = poller.roundTripTime === undefined ? {} : { roundTripTime: poller.roundTripTime };
      board.show({ state: 'polling', transport: 'polling', attempt, reason, ...retry, ...measured });
    } else if (poller.hasFailed || (nextRetryAt !== undefined && !this.willPoll)) {
      board.show({ state: 'offline', attempt, reason, ...retry });
    } else {
      board.show({ state: 'connecting', attempt, ...(this.reason && { reason: this.reason }) });
    }
  }

  private get willPoll(): boolean {
    return this.poller.isRunning || this.race !== undefined;
  }
}

function closeName(code: number): string {
  return `close-${code}`;
}
