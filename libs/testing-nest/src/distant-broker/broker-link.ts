import type { Environment, Timer } from '@statewire/nest';

/** Milliseconds of silence after which a node gives its connection up. */
const MAX_SILENCE_MS = 3_000;

interface Message {
  /** Number of the connection that carries it. */
  readonly connection: number;
  readonly run: () => void;
  arrived: boolean;
}

/** One direction of a link. Messages arrive after the latency, in the order in which they were sent. */
class Line {
  private readonly messages: Message[] = [];

  /**
   * @param isHeld whether messages that have arrived wait.
   * @param accepts whether messages of a connection still count.
   */
  constructor(
    private readonly environment: Pick<Environment, 'setTimer'>,
    private readonly isHeld: () => boolean,
    private readonly accepts: (connection: number) => boolean,
  ) {}

  send(connection: number, latency: number, run: () => void): void {
    const message: Message = { connection, run, arrived: false };
    this.messages.push(message);
    const arrive = (): void => {
      message.arrived = true;
      this.deliver();
    };
    if (latency === 0) queueMicrotask(arrive);
    else this.environment.setTimer(arrive, latency);
  }

  deliver(): void {
    while (this.messages[0]?.arrived && !this.isHeld()) {
      const { connection, run } = this.messages.shift()!;
      if (this.accepts(connection)) run();
    }
  }
}

/** What a node does when its link changes. */
export interface LinkEnds {
  /** The connection has ended. */
  onLost(): void;
  /** The node can connect again. */
  onReachable(): void;
}

/**
 * The network between one node and the server of a `DistantBroker`, and its faults. The names of the faults are those of
 * `NetworkFaults`.
 */
export class BrokerLink {
  private readonly up: Line;
  private readonly down: Line;
  private ends: LinkEnds | undefined;
  private connection = 0;
  /** Connections up to this number were reset. */
  private reset = 0;
  private isConnected = false;
  private isHeld = false;
  private isRefused = false;
  private isClosed = false;
  private lostMessages = 0;
  private lostReplies = 0;
  private silence: Timer | undefined;
  private thaw: Timer | undefined;
  private delivered = 0;

  /** @internal */
  constructor(
    private readonly server: Pick<Environment, 'setTimer'>,
    private readonly node: Pick<Environment, 'setTimer'>,
    private latencyMs: number,
  ) {
    this.up = new Line(
      server,
      () => this.isHeld,
      (connection) => connection > this.reset,
    );
    this.down = new Line(
      node,
      () => this.isHeld,
      (connection) => this.isConnected && connection === this.connection,
    );
  }

  /** Number of topic messages that the node has received. */
  get received(): number {
    return this.delivered;
  }

  /** Resets the connection, and loses what is on its way. Both ends notice at once, and the node connects again. */
  cut(): void {
    this.reset = this.connection;
    this.disconnect();
  }

  /** Resets the connection and refuses others until {@link restore}. */
  unreachable(): void {
    this.isRefused = true;
    this.cut();
  }

  /**
   * Holds all messages back until {@link restore}. The node gives the connection up after 3 s. What it has sent before
   * still reaches the server.
   */
  blackhole(): void {
    this.isHeld = true;
    if (!this.isConnected || this.silence !== undefined) return;
    this.silence = this.node.setTimer(() => {
      this.silence = undefined;
      this.disconnect();
    }, MAX_SILENCE_MS);
  }

  /** A black hole that ends after `ms`. */
  freeze(ms: number): void {
    this.blackhole();
    this.thaw?.cancel();
    this.thaw = this.server.setTimer(() => this.restore(), ms);
  }

  /** Delays all later messages by `ms` in each direction. They stay in order. */
  latency(ms: number): void {
    this.latencyMs = ms;
  }

  /** Loses the next message to the node about a topic that another node changes. Nobody notices. */
  loseMessage(): void {
    this.lostMessages += 1;
  }

  /** Resets the connection after the server has run the next call, before its reply. */
  loseReply(): void {
    this.lostReplies += 1;
  }

  /** Ends every fault, except for the latency, and delivers what was held back. */
  restore(): void {
    this.isHeld = false;
    this.isRefused = false;
    this.lostMessages = 0;
    this.lostReplies = 0;
    this.cancelTimers();
    this.up.deliver();
    this.down.deliver();
    if (!this.isConnected && !this.isClosed) this.ends?.onReachable();
  }

  /** @internal */
  attach(ends: LinkEnds): void {
    this.ends = ends;
  }

  /** @internal Opens a connection and returns its number. Undefined: the server refuses it. */
  open(): number | undefined {
    if (this.isRefused || this.isClosed) return undefined;
    this.isConnected = true;
    return ++this.connection;
  }

  /** @internal Sends a message to the server. */
  sendUp(run: () => void): void {
    if (this.isConnected) this.up.send(this.connection, this.latencyMs, run);
  }

  /** @internal Sends a message to the node on a connection. */
  sendDown(connection: number, run: () => void): void {
    if (this.isConnected && connection === this.connection) this.down.send(connection, this.latencyMs, run);
  }

  /** @internal Sends a topic message to the node on a connection. `isOwn`: a call of the node is the reason. */
  sendMessage(connection: number, isOwn: boolean, run: () => void): void {
    if (this.lostMessages > 0 && !isOwn) {
      this.lostMessages -= 1;
      return;
    }
    this.sendDown(connection, () => {
      this.delivered += 1;
      run();
    });
  }

  /** @internal The server has run a call. */
  afterCall(): void {
    if (this.lostReplies === 0) return;
    this.lostReplies -= 1;
    this.cut();
  }

  /** @internal Nothing passes any more. */
  close(): void {
    this.isClosed = true;
    this.isConnected = false;
    this.cancelTimers();
  }

  private disconnect(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.silence?.cancel();
    this.silence = undefined;
    this.ends?.onLost();
  }

  private cancelTimers(): void {
    this.silence?.cancel();
    this.silence = undefined;
    this.thaw?.cancel();
    this.thaw = undefined;
  }
}
