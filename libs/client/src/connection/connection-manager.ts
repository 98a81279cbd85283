import type { WelcomeFrame } from '@statewire/protocol';

import type { ActionSender } from '../actions/pending-action.js';
import { concernsAccess, type ConnectionFailure } from '../core/connection-failure.js';
import type { Timer } from '../core/environment.js';
import type { StatusReason } from '../core/status.js';
import type { ClientEvent, HostChange } from '../session/client-event.js';
import { DEFAULT_FRAMES_PER_SECOND } from '../session/frame-budget.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import { CATCHING_UP } from '../topics/topic-store.js';
import type { ClientServices } from './client-services.js';
import { ContractCheck } from './contract-check.js';
import { describeStatus } from './describe-status.js';
import { HostMonitor } from './host-monitor.js';
import { LazyPoller } from './lazy-poller.js';
import { SUSPENDED } from './liveness-probe.js';
import type { StatusStore } from './status-store.js';
import { TokenRefresher } from './token-refresher.js';
import { TopicRetryScheduler } from './topic-retry-scheduler.js';
import type { WebSocketConnection } from './web-socket-connection.js';
import { WebSocketConnector } from './web-socket-connector.js';

/** Upper bound of the random delay before polling. It spreads the clients of a lost server. */
const POLLING_JITTER_MS = 250;

/** Decides which transport the client uses: the WebSocket, and polling while no WebSocket is healthy. */
export class ConnectionManager {
  readonly #services: ClientServices;
  readonly #statusStore: StatusStore;

  readonly #connector: WebSocketConnector;
  readonly #poller: LazyPoller;
  readonly #tokenRefresher: TokenRefresher;
  readonly #topicRetries: TopicRetryScheduler;
  readonly #contractCheck: ContractCheck;
  readonly #host: HostMonitor;

  /** Starts polling if no WebSocket is healthy in time. */
  #fallbackTimer: Timer | undefined;
  #isStarted = false;
  #isClosed = false;
  #wasEverLive = false;
  #denial: StatusReason | undefined;
  #reason: StatusReason | undefined;
  /** Why there is no WebSocket, whatever polls reported since. */
  #socketReason: StatusReason | undefined;
  /** The server allows no requests for now, so the client does not poll before the next attempt. */
  #isPollingPaused = false;

  constructor(services: ClientServices, statusStore: StatusStore) {
    this.#services = services;
    this.#statusStore = statusStore;
    const { environment, registry } = services;
    const handle = (event: ClientEvent<WebSocketConnection>) => this.#handle(event);
    this.#connector = new WebSocketConnector(services, handle);
    this.#poller = new LazyPoller(services, handle);
    this.#tokenRefresher = new TokenRefresher(services, handle);
    this.#topicRetries = new TopicRetryScheduler(services, handle);
    this.#contractCheck = new ContractCheck(services, statusStore);
    this.#host = new HostMonitor(environment, (change) => this.#handleHostChange(change));
    registry.requested$.subscribe((entry) => {
      this.start();
      this.#request(entry);
    });
    registry.released$.subscribe((entry) => {
      for (const connection of this.#connector.connections) connection.leave(entry);
    });
  }

  /** Connects for a subscription or an action. Does nothing after a denial. */
  start(): void {
    if (this.#denial === undefined) this.connect();
  }

  /** Connects, after a denial or a pause too. */
  connect(): void {
    if (this.#isStarted || this.#isClosed) return;
    const { environment, options, registry, tokens } = this.#services;
    this.#isStarted = true;
    if (this.#denial) registry.retryFailed();
    this.#denial = undefined;
    tokens.forgetFailure();
    this.#host.start();
    if (options.polling.enabled) this.#poller.load();
    this.#socketReason = undefined;
    if (environment.openWebSocket !== undefined || !options.polling.enabled) return this.#connector.start();
    this.#socketReason = { code: 'no-websocket', message: 'this host has no WebSocket' };
    this.#reason ??= this.#socketReason;
    this.#startPolling(0);
    this.#update();
  }

  close(): void {
    this.#isClosed = true;
    this.stop();
  }

  /** Disconnects until the next start. */
  stop(): void {
    this.#disconnect();
    this.#host.stop();
  }

  reauthenticate(): void {
    if (this.#denial) return this.connect();
    this.#services.tokens.forgetFailure();
    // An answer about the old credentials does not apply to the new ones.
    this.#poller.abort();
    this.#tokenRefresher.reauthenticate(this.#connector.current);
  }

  #handle(event: ClientEvent<WebSocketConnection>): void {
    switch (event.type) {
      case 'attempt-started':
        return this.#handleAttempt();
      case 'greeted':
      case 'round-trip-measured':
        return this.#update();
      case 'welcomed':
        return this.#handleWelcome(event.connection, event.frame);
      case 'suspected':
        return this.#handleSilence(event.connection, event.reason);
      case 'recovered':
        event.connection.session.topics.followAll();
        return this.#handleLive();
      case 'lost':
        return this.#handleLoss(event.connection);
      case 'attempt-postponed':
        return this.#handlePostponedAttempt(event.failure);
      case 'denied':
        return this.#deny(event.reason);
      case 'authenticate-answered':
        return this.#tokenRefresher.handleAnswer(event.connection, event.answer);
      case 'identity-changed':
        this.#connector.restart();
        return this.#forgetIdentity();
      case 'topic-deferred':
        return this.#topicRetries.defer(event);
      case 'topic-retry-due':
        return this.#request(event.entry);
      case 'config-received':
        this.#services.outbox.setLimits(event.config);
        this.#contractCheck.compare(event.config);
        return this.#connector.setAllowed(event.config.websocket);
      case 'poll-answered':
        this.#reason = this.#socketReason ?? this.#reason;
        this.#connector.setAllowed(event.response.websocket);
        this.#contractCheck.compare(event.response);
        this.#update();
        return this.#poller.actions?.resume();
      case 'poll-failed':
        return this.#handlePollFailure(event.failure);
      case 'fallback-loaded':
        return this.#update();
      case 'action-acknowledged':
        return this.#poller.pollNow();
    }
  }

  #handleHostChange(change: HostChange): void {
    if (change === 'hidden') return this.#pause();
    if (!this.#isStarted) return this.connect();
    if (change === 'suspended') return this.#handleSuspension();
    if (change !== 'online' && change !== 'visible') return this.#connector.probe();
    this.#services.tokens.retryNow();
    this.#host.check();
    this.#connector.wake(change);
    this.#poller.wake();
  }

  /** Ends every connection and request until {@link connect}. The values stay and are stale. */
  #pause(): void {
    if (!this.#isStarted) return;
    const lastHeardAt = this.#connector.live?.lastFrameAt ?? this.#poller.lastAnswerAt;
    const staleSince = lastHeardAt ?? this.#services.environment.now();
    this.#disconnect();
    this.#reason = SUSPENDED;
    this.#markStale(staleSince);
    this.#updateStatus();
  }

  /** Trusts no connection, and shows no value as live, until the server answers. */
  #handleSuspension(): void {
    this.#reason = SUSPENDED;
    this.#poller.actions?.stop();
    if (this.#poller.isHealthy) this.#markStale(this.#poller.lastAnswerAt ?? 0);
    this.#poller.restart();
    this.#connector.doubt();
    this.#update();
  }

  #request(entry: TopicEntry): void {
    for (const { session } of this.#connector.connections) session.topics.follow(entry);
    this.#poller.pollSoon();
  }

  #handleAttempt(): void {
    this.#isPollingPaused = false;
    if (this.#tokenRefresher.abandonReauthentication()) {
      this.#connector.retire(undefined);
      this.#forgetIdentity();
    }
    this.#startFallbackTimer();
    this.#update();
  }

  #handleWelcome(connection: WebSocketConnection, frame: WelcomeFrame): void {
    const { actionWindow, limits, expiresAt } = frame;
    this.#contractCheck.compare(frame);
    const { outbox, metrics } = this.#services;
    outbox.setLimits({ actionWindow, frameBytes: limits.frameBytes });
    this.#poller.budget.setRate(limits.framesPerSecond ?? DEFAULT_FRAMES_PER_SECOND);
    if (this.#wasEverLive) metrics.add('reconnects');
    this.#wasEverLive = true;
    this.#tokenRefresher.schedule(connection, expiresAt);
    this.#handleLive();
    outbox.flush();
  }

  #handleLive(): void {
    this.#cancelFallbackTimer();
    this.#reason = this.#socketReason = undefined;
    this.#poller.stop();
    this.#update();
  }

  #handleSilence(connection: WebSocketConnection, reason: StatusReason): void {
    connection.session.topics.suspend();
    this.#tokenRefresher.handleInterruption(connection);
    this.#reason = this.#socketReason = reason;
    this.#markStale(connection.lastFrameAt);
    // After a sleep the connection often still works, and answers soon.
    if (reason === SUSPENDED) this.#startFallbackTimer();
    else if (this.#connector.live === undefined) this.#startPolling();
    this.#update();
  }

  #handleLoss(connection: WebSocketConnection): void {
    if (!this.#poller.isHealthy) this.#markStale(connection.lastFrameAt);
    if (this.#connector.live === undefined) this.#tokenRefresher.stop();
    this.#tokenRefresher.handleInterruption(connection);
    // Browsers hide the reason of a rejected upgrade. Without polling only this request reveals it.
    if (!connection.isGreeted && !this.#services.options.polling.enabled) this.#poller.requestConfig();
    this.#startFallbackTimer();
    this.#update();
  }

  #handlePostponedAttempt({ reason, polling }: ConnectionFailure): void {
    this.#reason = this.#socketReason = reason;
    if (polling === 'immediately') this.#startPolling();
    if (polling === 'never') {
      this.#isPollingPaused = true;
      this.#cancelFallbackTimer();
    }
    this.#startFallbackTimer();
    this.#update();
  }

  #handlePollFailure({ cause, reason, retryAfter }: ConnectionFailure): void {
    if (cause === 'permanent') return this.#deny(reason);
    if (cause === 'overload' && retryAfter !== undefined) this.#connector.pause(retryAfter);
    this.#reason = reason;
    this.#markStale(this.#poller.lastAnswerAt ?? this.#services.environment.now());
    this.#update();
  }

  /** Ends every request that belongs to the previous identity. */
  #forgetIdentity(): void {
    const { outbox, registry } = this.#services;
    this.#tokenRefresher.abandonReauthentication();
    outbox.handleIdentityChange();
    this.#poller.actions?.stop();
    this.#poller.abort();
    registry.withdrawValues(CATCHING_UP);
    registry.retryFailed();
    this.#poller.pollNow();
  }

  #deny(reason: StatusReason): void {
    const { environment, outbox, registry } = this.#services;
    this.stop();
    this.#denial = reason;
    this.#reason = undefined;
    outbox.handleIdentityChange();
    if (concernsAccess(reason)) registry.withdrawValues({ state: 'stale', staleSince: environment.now() });
    this.#markStale(environment.now());
    this.#updateStatus();
  }

  #disconnect(): void {
    this.#isStarted = false;
    this.#host.pause();
    this.#connector.stop();
    this.#cancelFallbackTimer();
    this.#poller.end();
    this.#tokenRefresher.stop();
    this.#topicRetries.stop();
    this.#services.outbox.setSender(undefined);
  }

  /** Marks the topics as stale that no WebSocket delivers. */
  #markStale(staleSince: number): void {
    this.#services.registry.markStale(staleSince, ({ subscription }) => subscription === undefined);
  }

  #startFallbackTimer(): void {
    const { environment, options } = this.#services;
    const isNeeded = this.#connector.live === undefined && !this.#poller.isRunning;
    if (!options.polling.enabled || !isNeeded || this.#fallbackTimer || this.#isPollingPaused) return;
    this.#fallbackTimer = environment.setTimer(() => this.#startPolling(), options.polling.startAfterMs);
  }

  #cancelFallbackTimer(): void {
    this.#fallbackTimer?.cancel();
    this.#fallbackTimer = undefined;
  }

  /** @param delayMs milliseconds until the first poll. Default: random. */
  #startPolling(delayMs = this.#services.environment.random() * POLLING_JITTER_MS): void {
    this.#cancelFallbackTimer();
    if (!this.#services.options.polling.enabled) return;
    this.#poller.start(delayMs);
    this.#update();
  }

  /** Chooses the transport for actions, and updates the status. */
  #update(): void {
    if (!this.#isStarted) return;
    this.#services.outbox.setSender(this.#chooseActionSender());
    this.#updateStatus();
  }

  #chooseActionSender(): ActionSender | undefined {
    const { live, current } = this.#connector;
    if (live) return live.session.actions;
    if (this.#poller.isRunning) return this.#poller.hasFailed ? undefined : this.#poller.actions;
    return current?.isGreeted && current.welcome === undefined ? current.session.actions : undefined;
  }

  #updateStatus(): void {
    const willPoll = this.#poller.isRunning || this.#fallbackTimer !== undefined;
    const signedOut = this.#services.tokens.failure?.reason;
    const facts = { denial: this.#denial, signedOut, reason: this.#reason, willPoll };
    this.#statusStore.update(describeStatus(this.#connector, this.#poller, facts));
  }
}
