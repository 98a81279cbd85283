import type { AuthenticatedFrame, ErrorFrame, WelcomeFrame } from '@statewire/protocol';

import type { ClientParts } from './client-parts.js';
import type { Timer } from '../core/environment.js';
import { SocketSession } from '../session/socket-session.js';
import type { StatusReason } from '../core/status.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import { WebSocketTransport } from './web-socket-transport.js';
import { ConnectionFailure, failureOfClose } from '../core/connection-failure.js';
import { Liveness } from './liveness.js';

/** For the socket to open, and again for `welcome`: a little above the 10 s in which a server gives up itself. */
const ATTEMPT_TIMEOUT = 12_000;

export interface SocketLinkListener {
  /** `hello` and every `subscribe` are on their way; actions may follow. */
  greeted(link: SocketLink): void;
  welcomed(link: SocketLink, frame: WelcomeFrame): void;
  settled(link: SocketLink): void;
  suspect(link: SocketLink): void;
  recovered(link: SocketLink): void;
  measured(link: SocketLink): void;
  drain(link: SocketLink, within: number): void;
  authenticated(link: SocketLink, result: AuthenticatedFrame | ErrorFrame): void;
  rest(entry: TopicEntry, retryAfter: number | undefined): void;
  /** It is over; nothing is reported afterwards. */
  lost(link: SocketLink, failure: ConnectionFailure): void;
}

/** One WebSocket from its opening to its end: transport, session, and the judgement whether it lives. */
export class SocketLink {
  readonly session: SocketSession;
  isGreeted = false;
  welcome: WelcomeFrame | undefined;
  welcomedAt = 0;
  token: string | undefined;
  roundTripTime: number | undefined;
  lastHeardAt: number;

  private transport: WebSocketTransport | undefined;
  private liveness: Liveness | undefined;
  private deadline: Timer | undefined;
  private pace: Timer | undefined;
  private refusal: StatusReason | undefined;
  private isOver = false;

  constructor(
    private readonly parts: ClientParts,
    private readonly listener: SocketLinkListener,
  ) {
    const { registry, outbox, metrics, environment } = parts;
    this.lastHeardAt = environment.now();
    this.session = new SocketSession((text) => this.transport?.send(text), registry, outbox, metrics, environment, {
      welcome: (frame) => this.onWelcome(frame),
      topicMoved: (topic) => this.liveness?.topicHeard(topic),
      asked: () => this.liveness?.asked(),
      rest: (entry, retryAfter) => this.listener.rest(entry, retryAfter),
      carryLater: (delay) => {
        this.pace?.cancel();
        this.pace = environment.setTimer(() => outbox.pump(), delay);
      },
      drain: (within) => this.listener.drain(this, within),
      authenticated: (result) => this.listener.authenticated(this, result),
      refused: ({ code, message }) => (this.refusal = { code, message }),
      settled: () => this.listener.settled(this),
    });
  }

  /** Live: welcomed, and heard when it had to be. */
  get isHealthy(): boolean {
    return !this.isOver && this.liveness?.isSuspect === false;
  }

  /** Opens the socket and asks for a token side by side. */
  open(): void {
    const { environment, options, metrics, tokens } = this.parts;
    let token: string | undefined | Promise<string | undefined>;
    try {
      token = tokens.get('connect');
    } catch (error) {
      return this.lose(tokenFailure(error));
    }
    let isOpen = false;
    const greet = () => {
      if (!isOpen || token instanceof Promise || this.isOver) return;
      this.token = token;
      this.session.greet(this.parts.clientId, token);
      this.isGreeted = true;
      this.listener.greeted(this);
    };
    if (token instanceof Promise) {
      token.then(
        (resolved) => {
          token = resolved;
          greet();
        },
        (error: unknown) => this.lose(tokenFailure(error)),
      );
    }
    this.expectWithin();
    try {
      this.transport = new WebSocketTransport(options.webSocketUrl, environment.openWebSocket ?? noWebSocket, metrics, {
        open: () => {
          isOpen = true;
          this.expectWithin();
          greet();
        },
        text: (text) => this.onText(text),
        closed: (code, reason) => this.lose(failureOfClose(code, reason, this.refusal)),
      });
    } catch (error) {
      this.lose(new ConnectionFailure({ code: 'no-websocket', message: messageOf(error) }, 'server', 'now'));
    }
  }

  /** The network or the page woke up: is it still there? */
  probe(): void {
    this.liveness?.probe();
  }

  /** Nobody follows the topic any more. */
  leave(entry: TopicEntry): void {
    this.liveness?.topicLeft(entry.name);
    this.session.leave(entry);
  }

  /** Ends it from this side. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.deadline?.cancel();
    this.pace?.cancel();
    this.liveness?.stop();
    this.session.end();
    this.transport?.close();
  }

  private onText(text: string): void {
    this.lastHeardAt = this.parts.environment.now();
    this.liveness?.heard();
    let pong: number | undefined;
    try {
      pong = this.session.receive(text);
    } catch (error) {
      return this.lose(new ConnectionFailure({ code: 'bad_request', message: messageOf(error) }, 'server'));
    }
    if (pong === undefined) return;
    this.roundTripTime = this.parts.environment.monotonic() - pong;
    this.liveness?.measured(this.roundTripTime);
    this.listener.measured(this);
  }

  private onWelcome(frame: WelcomeFrame): void {
    this.deadline?.cancel();
    this.welcome = frame;
    this.welcomedAt = this.parts.environment.monotonic();
    this.liveness = new Liveness(this.parts.environment, frame.heartbeat, {
      ping: () => this.session.ping(this.parts.environment.monotonic()),
      isWaiting: () => this.session.isWaiting,
      suspect: () => this.listener.suspect(this),
      recovered: () => this.listener.recovered(this),
      dead: () => this.giveUp('silent', 'the server was silent for too long'),
    });
    this.listener.welcomed(this, frame);
  }

  private expectWithin(): void {
    this.deadline?.cancel();
    this.deadline = this.parts.environment.setTimer(
      () => this.giveUp('timeout', 'the server did not answer in time'),
      ATTEMPT_TIMEOUT,
    );
  }

  private giveUp(code: string, message: string): void {
    this.lose(new ConnectionFailure({ code, message }, 'network'));
  }

  private lose(failure: ConnectionFailure): void {
    if (this.isOver) return;
    this.close();
    this.listener.lost(this, failure);
  }
}

function tokenFailure(error: unknown): ConnectionFailure {
  return new ConnectionFailure({ code: 'token', message: messageOf(error) }, 'server');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'it failed without a message';
}

function noWebSocket(): never {
  throw new Error('this host has no WebSocket');
}
