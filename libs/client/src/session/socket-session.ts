import {
  DELTA_CAPABILITIES,
  parseServerFrame,
  type ClientFrame,
  type ErrorFrame,
  type ServerFrame,
} from '@statewire/protocol';

import type { ActionOutbox } from '../actions/action-outbox.js';
import type { ClientEnvironment } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { ClientTopicRegistry } from '../topics/client-topic-registry.js';
import type { Emit, SessionEvent } from './client-event.js';
import { DEFAULT_FRAMES_PER_SECOND, FrameBudget } from './frame-budget.js';
import { SocketActionSender } from './socket-action-sender.js';
import { SocketTopics } from './socket-topics.js';

/** Reads and writes the frames of one WebSocket. It sets no timers. */
export class SocketSession {
  readonly #sendText: (text: string) => void;
  readonly #outbox: ActionOutbox;
  readonly #metrics: MetricsRecorder;
  readonly #emit: Emit<SessionEvent>;

  readonly topics: SocketTopics;
  readonly actions: SocketActionSender;

  /** The `ref` of each unanswered `authenticate`. */
  readonly #authenticating = new Set<string>();
  #lastRef = 0;
  readonly #budget: FrameBudget;
  #isOver = false;
  /** Size of the largest frame that is no action. */
  #largestFrame = 0;

  constructor(
    sendText: (text: string) => void,
    registry: ClientTopicRegistry,
    outbox: ActionOutbox,
    metrics: MetricsRecorder,
    environment: ClientEnvironment,
    emit: Emit<SessionEvent>,
  ) {
    this.#sendText = sendText;
    this.#outbox = outbox;
    this.#metrics = metrics;
    this.#emit = emit;
    this.#budget = new FrameBudget(environment);
    const [write, nextRef] = [(frame: ClientFrame) => this.#write(frame), () => this.#nextRef()];
    this.topics = new SocketTopics(write, nextRef, registry, metrics, this.#budget, environment, emit);
    this.actions = new SocketActionSender((text) => this.#post(text), outbox, this.#budget, environment, emit);
  }

  /** Whether the server still has to answer a frame. */
  get isAwaitingAnswer(): boolean {
    return !this.#outbox.isEmpty || this.#authenticating.size > 0 || !this.topics.areConfirmed;
  }

  /** Sends `hello` and every `subscribe` together, which saves a round trip. */
  greet(clientId: string, token: string | undefined, contract?: number): void {
    this.#write({ type: 'hello', clientId, token, contract, deltas: DELTA_CAPABILITIES });
    this.topics.greet();
  }

  end(): void {
    this.#isOver = true;
    this.topics.end();
  }

  /** The server closed the connection because a frame was too large. */
  handleTooLarge(): void {
    this.#outbox.handleTooLarge(this.actions, this.#largestFrame);
  }

  /** Presents a token. @returns the `ref` of the answer. */
  authenticate(token: string): string {
    const ref = this.#nextRef();
    this.#authenticating.add(ref);
    this.#write({ type: 'authenticate', token, ref });
    this.#emit({ type: 'request-sent' });
    return ref;
  }

  ping(time: number): void {
    this.#write({ type: 'ping', time });
  }

  /**
   * Handles a text message of the WebSocket.
   *
   * @throws ProtocolError if the text is not a frame.
   */
  receive(text: string): void {
    const frame = parseServerFrame(text);
    if (frame === undefined || this.#isOver) return;
    this.#metrics.add('framesReceived');
    this.#handle(frame);
  }

  #handle(frame: ServerFrame): void {
    switch (frame.type) {
      case 'subscribed':
      case 'snapshot':
      case 'patch':
      case 'event':
        this.topics.handleFeedFrame(frame);
        break;
      case 'unsubscribed':
        this.topics.handleUnsubscribed(frame);
        break;
      case 'stale':
      case 'fresh':
        this.topics.handleStaleness(frame);
        break;
      case 'error':
        this.#handleError(frame);
        break;
      case 'ack':
        this.actions.handleAnswer(frame);
        break;
      case 'welcome':
        this.actions.handleWelcome();
        this.#budget.setRate(frame.limits.framesPerSecond ?? DEFAULT_FRAMES_PER_SECOND);
        this.#emit({ type: 'welcomed', frame });
        this.topics.handleWelcome();
        break;
      case 'authenticated':
        if (frame.ref !== undefined) this.#authenticating.delete(frame.ref);
        this.#emit({ type: 'authenticate-answered', answer: frame });
        break;
      case 'drain':
        this.actions.handleDrain();
        this.#emit({ type: 'draining', reconnectWithin: frame.reconnectWithin });
        break;
      case 'ping':
        this.#write({ type: 'pong', time: frame.time });
        break;
      case 'pong':
        if (frame.time !== undefined) this.#emit({ type: 'pong-received', time: frame.time });
    }
  }

  #handleError(error: ErrorFrame): void {
    const { id, topic, ref, code, message } = error;
    if (id !== undefined) this.actions.handleError({ ...error, id });
    else if (ref !== undefined && this.#authenticating.delete(ref)) {
      this.#emit({ type: 'authenticate-answered', answer: error });
    } else if (topic === undefined && ref === undefined) {
      this.#emit({ type: 'connection-rejected', reason: { code, message } });
    } else {
      this.topics.handleError(error);
    }
  }

  #nextRef(): string {
    this.#lastRef += 1;
    return String(this.#lastRef);
  }

  #write(frame: ClientFrame): void {
    const text = JSON.stringify(frame);
    this.#largestFrame = Math.max(this.#largestFrame, text.length);
    this.#post(text);
  }

  #post(text: string): void {
    if (this.#isOver) return;
    this.#metrics.add('framesSent');
    this.#budget.spend();
    this.#sendText(this.#outbox.withAnswered(text));
  }
}
