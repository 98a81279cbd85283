import { SUBPROTOCOL, utf8Length, type WelcomeFrame } from '@statewire/protocol';

import { ConnectionFailure, failureOfClose, messageOf } from '../core/connection-failure.js';
import type { Timer, WebSocketLike } from '../core/environment.js';
import type { StatusReason } from '../core/status.js';
import type { ConnectionEvent, Emit, LivenessEvent, SessionEvent } from '../session/client-event.js';
import { SocketSession } from '../session/socket-session.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import type { ClientServices } from './client-services.js';
import { LivenessProbe } from './liveness-probe.js';

/** Time limit for the WebSocket to open, and again for `welcome`. A server closes after 10 s. */
const ATTEMPT_TIMEOUT_MS = 12_000;
const NORMAL_CLOSURE = 1000;
/** The server or a proxy rejected a frame for its size (RFC 6455 §7.4.1). */
const TOO_LARGE = 1009;

/** One WebSocket from its opening to its end, with its session and its liveness probe. */
export class WebSocketConnection {
  readonly #services: ClientServices;
  readonly #emit: Emit<ConnectionEvent<WebSocketConnection>>;

  readonly session: SocketSession;
  /** Whether the session sent `hello`. */
  isGreeted = false;
  welcome: WelcomeFrame | undefined;
  /** On the monotonic clock. */
  welcomedAt = 0;
  /** The token that the client presented last. */
  token: string | undefined;
  /** The smallest of the last three. */
  roundTripTimeMs: number | undefined;
  /** In milliseconds since the Unix epoch. */
  lastFrameAt: number;

  #socket: WebSocketLike | undefined;
  #liveness: LivenessProbe | undefined;
  #attemptTimer: Timer | undefined;
  #actionTimer: Timer | undefined;
  #rejection: StatusReason | undefined;
  #isOver = false;
  #roundTripTimes: number[] = [];

  constructor(services: ClientServices, emit: Emit<ConnectionEvent<WebSocketConnection>>) {
    this.#services = services;
    this.#emit = emit;
    const { registry, outbox, metrics, environment } = services;
    this.lastFrameAt = environment.now();
    const [send, handle] = [(text: string) => this.#send(text), (event: SessionEvent) => this.#handle(event)];
    this.session = new SocketSession(send, registry, outbox, metrics, environment, handle);
  }

  /** Whether the server welcomed the connection, and frames arrive in time. */
  get isHealthy(): boolean {
    return !this.#isOver && this.#liveness?.isSuspect === false;
  }

  /** Opens the WebSocket and requests a token at the same time. */
  open(): void {
    let token: string | undefined | Promise<string | undefined>;
    try {
      token = this.#services.tokens.get('connect');
    } catch (error) {
      return this.#lose(error as ConnectionFailure);
    }
    let isOpen = false;
    const greet = () => {
      if (!isOpen || token instanceof Promise || this.#isOver) return;
      this.token = token;
      this.session.greet(this.#services.clientId, token, this.#services.options.contract);
      this.isGreeted = true;
      this.#emit({ type: 'greeted', connection: this });
    };
    if (token instanceof Promise) {
      token.then(
        (resolved) => {
          token = resolved;
          greet();
        },
        (error: unknown) => this.#lose(error as ConnectionFailure),
      );
    }
    this.#restartAttemptTimer();
    try {
      this.#openSocket(() => {
        isOpen = true;
        this.#restartAttemptTimer();
        greet();
      });
    } catch (error) {
      this.#lose(new ConnectionFailure({ code: 'no-websocket', message: messageOf(error) }, 'server', 'immediately'));
    }
  }

  /** Checks whether the connection still works, because the network came back or the page became visible. */
  probe(): void {
    this.#liveness?.probe();
  }

  /** Trusts the connection only after the server answered, because the machine slept. */
  doubt(): void {
    this.#liveness?.doubt();
  }

  /** Unsubscribes from a topic that the application no longer follows. */
  leave(entry: TopicEntry): void {
    this.#liveness?.forgetTopic(entry.name);
    this.session.topics.leave(entry);
  }

  /** Ends the connection from this side. It emits no more events. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#attemptTimer?.cancel();
    this.#actionTimer?.cancel();
    this.#liveness?.stop();
    this.session.end();
    if (this.#socket === undefined) return;
    detach(this.#socket);
    this.#socket.close(NORMAL_CLOSURE);
  }

  /** @throws the error of the WebSocket constructor of the host, for example under a content security policy. */
  #openSocket(onOpen: () => void): void {
    const { environment, options, metrics } = this.#services;
    const { openWebSocket } = environment;
    if (openWebSocket === undefined) throw new Error('this host has no WebSocket');
    const socket = openWebSocket(options.webSocketUrl, SUBPROTOCOL);
    this.#socket = socket;
    socket.onopen = onOpen;
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') return;
      metrics.add('bytesReceived', utf8Length(data));
      this.#handleText(data);
    };
    socket.onclose = ({ code, reason }) => {
      detach(socket);
      if (code === TOO_LARGE) this.session.handleTooLarge();
      this.#lose(failureOfClose(code, reason, this.#rejection));
    };
    // A close event follows every error event. Browsers hide the reason of an error from scripts.
    socket.onerror = ignore;
  }

  #send(text: string): void {
    if (this.#socket === undefined) return;
    this.#services.metrics.add('bytesSent', utf8Length(text));
    this.#socket.send(text);
  }

  #handleText(text: string): void {
    this.lastFrameAt = this.#services.environment.now();
    this.#liveness?.handleFrame();
    try {
      this.session.receive(text);
    } catch (error) {
      this.#lose(new ConnectionFailure({ code: 'bad_request', message: messageOf(error) }, 'server'));
    }
  }

  /** Handles events of the session and the liveness probe, and passes on the events for the whole client. */
  #handle(event: SessionEvent | LivenessEvent): void {
    switch (event.type) {
      case 'request-sent':
        return this.#liveness?.handleRequest();
      case 'publication-received':
        return this.#liveness?.handlePublication(event.topic);
      case 'pong-received':
        return this.#handlePong(event.time);
      case 'actions-delayed':
        return this.#flushActionsAfter(event.delay);
      case 'ping-due':
        return this.session.ping(this.#services.environment.monotonic());
      case 'timed-out':
        return this.#abort('silent', 'the server sent no frame for too long');
      case 'connection-rejected':
        this.#rejection = event.reason;
        return;
      case 'welcomed':
        this.#handleWelcome(event.frame);
    }
    this.#emit({ ...event, connection: this });
  }

  #handleWelcome(frame: WelcomeFrame): void {
    const { environment } = this.#services;
    this.#attemptTimer?.cancel();
    this.welcome = frame;
    this.welcomedAt = environment.monotonic();
    const isAwaitingAnswer = () => this.session.isAwaitingAnswer;
    const handle = (event: LivenessEvent) => this.#handle(event);
    const { isStatusObserved } = this.#services;
    this.#liveness = new LivenessProbe(environment, frame.heartbeat, isAwaitingAnswer, isStatusObserved, handle);
  }

  #handlePong(time: number): void {
    const roundTripTime = this.#services.environment.monotonic() - time;
    this.#liveness?.handlePong(time);
    this.#roundTripTimes = [roundTripTime, ...this.#roundTripTimes].slice(0, 3);
    this.roundTripTimeMs = Math.min(...this.#roundTripTimes);
    this.#emit({ type: 'round-trip-measured', connection: this });
  }

  #flushActionsAfter(delay: number): void {
    const { environment, outbox } = this.#services;
    this.#actionTimer?.cancel();
    this.#actionTimer = environment.setTimer(() => outbox.flush(), delay);
  }

  #restartAttemptTimer(): void {
    this.#attemptTimer?.cancel();
    this.#attemptTimer = this.#services.environment.setTimer(
      () => this.#abort('timeout', 'the server did not answer in time'),
      ATTEMPT_TIMEOUT_MS,
    );
  }

  #abort(code: string, message: string): void {
    this.#lose(new ConnectionFailure({ code, message }, 'network'));
  }

  #lose(failure: ConnectionFailure): void {
    if (this.#isOver) return;
    this.close();
    this.#emit({ type: 'lost', connection: this, failure });
  }
}

/** `onerror` stays: in Node an error event without a listener would end the process. */
function detach(socket: WebSocketLike): void {
  socket.onopen = null;
  socket.onmessage = null;
  socket.onclose = null;
}

function ignore(): void {}
