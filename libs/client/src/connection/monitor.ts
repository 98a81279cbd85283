import { CLOSE_CODES, type WelcomeFrame } from '@statewire/protocol';

import { HttpActions } from './http-actions.js';
import type { ActionCarrier } from '../actions/pending-action.js';
import type { ClientParts } from './client-parts.js';
import type { Timer } from '../core/environment.js';
import { DEFAULT_RATE } from '../session/frame-budget.js';
import type { StatusReason } from '../core/status.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import { CATCHING_UP } from '../topics/topic-store.js';
import { closeReason, type ConnectionFailure } from '../core/connection-failure.js';
import { CredentialKeeper } from './credential-keeper.js';
import { describeStatus } from './describe-status.js';
import { Poller } from './poller.js';
import { RestingTopics } from './resting-topics.js';
import type { SocketLink } from './socket-link.js';
import { Sockets } from './sockets.js';
import type { StatusBoard } from './status-board.js';

/** Polling starts spread over so many ms, so that a lost server is not asked by everybody at one moment. */
const POLL_JITTER = 250;

/** Denials that say that this person may not be here: nothing is shown any longer. */
const REFUSALS: ReadonlySet<string> = new Set([
  'forbidden',
  'unauthorized',
  closeReason(CLOSE_CODES.refused.code),
  closeReason(CLOSE_CODES.tokenExpired.code),
]);

/** Which transport is believed: sockets, and polling where they are not healthy in time. */
export class Monitor {
  private readonly sockets: Sockets;
  private readonly poller: Poller;
  private readonly httpActions: HttpActions;
  private readonly credentials: CredentialKeeper;
  private readonly resting: RestingTopics;

  private race: Timer | undefined;
  private removeWake: (() => void) | undefined;
  private isStarted = false;
  private isClosed = false;
  private wasEverLive = false;
  private denial: StatusReason | undefined;
  private reason: StatusReason | undefined;
  /** The server asked to be left alone: no polling before the next attempt. */
  private isPatient = false;

  constructor(
    private readonly parts: ClientParts,
    private readonly board: StatusBoard,
  ) {
    const { registry } = parts;
    this.sockets = new Sockets(parts, {
      changed: () => this.update(),
      attempting: () => this.onAttempt(),
      welcomed: (link, frame) => this.onWelcome(link, frame),
      recovered: (link) => {
        link.session.followAll();
        this.onLive();
      },
      suspect: (link) => this.onSuspect(link),
      lost: (link) => this.onLost(link),
      waiting: (failure) => this.onWaiting(failure),
      denied: (reason) => this.deny(reason),
      authenticated: (link, result) => this.credentials.answered(link, result),
      rest: (entry, retryAfter) => this.resting.rest(entry, retryAfter),
    });
    this.httpActions = new HttpActions(parts, () => this.poller.now());
    this.poller = new Poller(parts, {
      config: ({ actionWindow, websocket }) => {
        parts.outbox.learn({ actionWindow });
        this.sockets.allow(websocket);
      },
      answered: ({ websocket }) => {
        this.sockets.allow(websocket);
        this.update();
        this.httpActions.resume();
      },
      failed: (failure) => this.onPollFailed(failure),
      rest: (entry, retryAfter) => this.resting.rest(entry, retryAfter),
    });
    this.credentials = new CredentialKeeper(parts, () => this.changeIdentity());
    this.resting = new RestingTopics(parts, (entry) => this.ask(entry));
    registry.wanted$.subscribe((entry) => {
      this.start();
      this.ask(entry);
    });
    registry.unwanted$.subscribe((entry) => {
      for (const link of this.sockets.all) link.leave(entry);
    });
  }

  /** Somebody wants something. Does nothing where it runs already, and after a denial. */
  start(): void {
    if (this.denial === undefined) this.connect();
  }

  /** Starts, after a denial too. */
  connect(): void {
    if (this.isStarted || this.isClosed) return;
    const { environment, registry } = this.parts;
    this.isStarted = true;
    this.denial = undefined;
    registry.recover();
    this.reason = undefined;
    this.removeWake = environment.onWake((cause) => {
      this.sockets.wake(cause);
      this.poller.soon();
    });
    if (environment.openWebSocket !== undefined) return this.sockets.start();
    this.reason = { code: 'no-websocket', message: 'this host has no WebSocket' };
    this.startPolling(0);
    this.update();
  }

  close(): void {
    this.isClosed = true;
    this.stop();
  }

  reauthenticate(): void {
    if (this.denial) return this.connect();
    // What the old credentials may not see says nothing about the new ones.
    this.poller.abort();
    this.credentials.reauthenticate(this.sockets.current);
  }

  /** Nothing that was asked or answered for the one who was here goes on. */
  private changeIdentity(): void {
    this.sockets.restart();
    this.forgetIdentity();
  }

  private forgetIdentity(): void {
    const { outbox, registry } = this.parts;
    this.credentials.wasInterrupted();
    outbox.identityChanged();
    this.httpActions.stop();
    this.poller.abort();
    registry.withdraw(CATCHING_UP);
    registry.recover();
    this.poller.now();
  }

  private stop(): void {
    this.isStarted = false;
    this.removeWake?.();
    this.sockets.stop();
    this.endRace();
    this.poller.stop();
    this.poller.abort();
    this.httpActions.stop();
    this.credentials.stop();
    this.resting.stop();
    this.parts.outbox.use(undefined);
  }

  private ask(entry: TopicEntry): void {
    for (const { session } of this.sockets.all) session.follow(entry);
    this.poller.soon();
  }

  private onAttempt(): void {
    this.isPatient = false;
    if (this.credentials.wasInterrupted()) {
      this.sockets.retire(undefined);
      this.forgetIdentity();
    }
    this.armRace();
    this.update();
  }

  private onWelcome(link: SocketLink, { actionWindow, limits, expiresAt }: WelcomeFrame): void {
    const { http, outbox, metrics } = this.parts;
    outbox.learn({ actionWindow, frameBytes: limits.frameBytes });
    http.learn(limits.framesPerSecond ?? DEFAULT_RATE);
    if (this.wasEverLive) metrics.add('reconnects');
    this.wasEverLive = true;
    this.credentials.watch(link, expiresAt);
    this.onLive();
    outbox.pump();
  }

  private onLive(): void {
    this.endRace();
    this.reason = undefined;
    this.poller.stop();
    this.update();
  }

  private onSuspect(link: SocketLink): void {
    link.session.suspend();
    this.credentials.interrupted(link);
    this.reason = { code: 'silent', message: 'the server does not answer' };
    this.markStale(link.lastHeardAt);
    if (this.sockets.live === undefined) this.startPolling(this.jitter());
    this.update();
  }

  private onLost(link: SocketLink): void {
    if (!this.poller.isHealthy) this.markStale(link.lastHeardAt);
    if (this.sockets.live === undefined) this.credentials.stop();
    this.credentials.interrupted(link);
    // Browsers hide why an upgrade was refused; where nothing polls, only this request can tell.
    if (!link.isGreeted && !this.parts.options.polling.enabled) void this.poller.askConfig();
    this.armRace();
    this.update();
  }

  private onWaiting({ reason, polling }: ConnectionFailure): void {
    this.reason = reason;
    if (polling === 'now') this.startPolling(this.jitter());
    if (polling === 'never') {
      this.isPatient = true;
      this.endRace();
    } else {
      this.armRace();
    }
    this.update();
  }

  private onPollFailed(failure: ConnectionFailure): void {
    const { cause, reason, retryAfter } = failure;
    if (cause === 'stop') return this.deny(reason);
    if (cause === 'overload' && retryAfter !== undefined) this.sockets.hold(retryAfter);
    this.reason = reason;
    this.markStale(this.poller.lastAnswerAt ?? this.parts.environment.now());
    this.update();
  }

  private deny(reason: StatusReason): void {
    const { environment, outbox, registry } = this.parts;
    this.stop();
    this.denial = reason;
    outbox.identityChanged();
    if (REFUSALS.has(reason.code)) registry.withdraw({ state: 'stale', since: environment.now() });
    this.markStale(environment.now());
    this.showStatus();
  }

  /** No transport vouches any more for what no live socket carries. */
  private markStale(since: number): void {
    this.parts.registry.stale(since, ({ carrier }) => carrier === undefined);
  }

  /** Polling begins unless a socket is healthy in time. */
  private armRace(): void {
    const { environment, options } = this.parts;
    const isNeeded = this.sockets.live === undefined && !this.poller.isRunning;
    if (!options.polling.enabled || !isNeeded || this.race || this.isPatient) return;
    this.race = environment.setTimer(() => this.startPolling(this.jitter()), options.polling.startAfter);
  }

  private endRace(): void {
    this.race?.cancel();
    this.race = undefined;
  }

  private startPolling(delay: number): void {
    this.endRace();
    if (!this.parts.options.polling.enabled) return;
    this.poller.start(delay);
    this.update();
  }

  private jitter(): number {
    return this.parts.environment.random() * POLL_JITTER;
  }

  /** Which transport takes actions, and what the status says. */
  private update(): void {
    if (!this.isStarted) return;
    this.parts.outbox.use(this.chooseCarrier());
    this.showStatus();
  }

  private chooseCarrier(): ActionCarrier | undefined {
    const { sockets, poller } = this;
    if (sockets.live) return sockets.live.session.actions;
    if (poller.isRunning) return poller.hasFailed ? undefined : this.httpActions;
    const { current } = sockets;
    return current?.isGreeted && current.welcome === undefined ? current.session.actions : undefined;
  }

  private showStatus(): void {
    const { sockets, poller, denial, reason, race } = this;
    const willPoll = poller.isRunning || race !== undefined;
    this.board.show(describeStatus({ sockets, poller, denial, reason, willPoll }));
  }
}
