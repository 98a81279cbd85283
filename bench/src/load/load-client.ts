import { connect, type Socket } from 'node:net';

import { now } from '../clock.js';
import { clientFrame } from '../websocket-frame.js';
import type { Dialect } from './dialects.js';
import { FrameReader } from './frame-reader.js';

/** Heartbeats and answers are smaller, and what the servers send to all is larger. */
const MIN_MESSAGE = 128;
const HEAD_END = '\r\n\r\n';
const SENT_AT = /sentAt":([\d.]+)/;

/** All clients read into one piece of memory, one after another. */
const CHUNK = Buffer.allocUnsafe(64 * 1024);

/** Counts of all clients of a group. */
export interface Tally {
  messages: number;
  bytes: number;
  readonly latencies: number[];
}

export interface LoadClientOptions {
  readonly dialect: Dialect;
  readonly port: number;
  readonly topics: readonly string[];
  readonly index: number;
  /** Whether the client reads the time in each message. */
  readonly isTimed: boolean;
  readonly tally: Tally;
}

/** A client that reads as little as possible. */
export class LoadClient {
  /** Resolves when the greeting is through. */
  readonly ready: Promise<void>;
  private readonly socket: Socket;
  private readonly reader: FrameReader;
  private head: string | undefined;
  private isReady = false;
  private becomeReady!: () => void;
  private onAnswer: (() => void) | undefined;

  constructor(private readonly options: LoadClientOptions) {
    const { dialect, port, isTimed } = options;
    this.reader = new FrameReader({
      reads: () => isTimed || !this.isReady,
      onMessage: (length, text) => this.onMessage(length, text),
    });
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: CHUNK, callback: (size) => this.onChunk(size) },
    });
    this.ready = new Promise((resolve, reject) => {
      this.becomeReady = () => {
        this.isReady = true;
        resolve();
      };
      this.socket.once('error', reject).once('close', () => reject(new Error('The server closed the connection.')));
    });
    this.ready.catch(() => undefined);
    this.socket.once('connect', () => {
      if (!dialect.upgrade) return this.becomeReady();
      this.head = '';
      this.socket.write(upgradeRequest(dialect.upgrade));
    });
  }

  /** Asks questions one after another, `count` of them. Resolves when the last answer is there. */
  ask(name: string, count: number): Promise<void> {
    const { question } = this.options.dialect;
    return new Promise((resolve) => {
      let asked = 0;
      let before: string | undefined;
      const next = (): void => {
        if (asked === count) {
          this.onAnswer = undefined;
          return resolve();
        }
        const id = `question-${String(this.options.index).padStart(8, '0')}-${String((asked += 1)).padStart(8, '0')}`;
        this.socket.write(clientFrame(question!(name, id, before)));
        before = id;
      };
      this.onAnswer = next;
      next();
    });
  }

  /** Sends frames unless the connection has ended. */
  send(frames: Buffer): void {
    if (this.socket.writable) this.socket.write(frames);
  }

  pause(): void {
    this.socket.pause();
  }

  close(): void {
    this.socket.resetAndDestroy();
  }

  private onChunk(size: number): boolean {
    const chunk = CHUNK.subarray(0, size);
    this.options.tally.bytes += size;
    if (this.head === undefined) this.reader.read(chunk);
    else this.readHead(chunk);
    return true;
  }

  private readHead(chunk: Buffer): void {
    this.head += chunk.toString('latin1');
    const end = this.head!.indexOf(HEAD_END);
    if (end < 0) return;
    if (!this.head!.startsWith('HTTP/1.1 101')) throw new Error(`The upgrade was refused: ${this.head}`);
    const frames = Buffer.from(this.head!.slice(end + HEAD_END.length), 'latin1');
    this.head = undefined;
    const { dialect, topics, index } = this.options;
    const greeting = dialect.greeting(topics, index);
    for (const text of greeting) this.socket.write(clientFrame(text));
    if (greeting.length === 0) this.becomeReady();
    if (frames.length > 0) this.reader.read(frames);
  }

  private onMessage(length: number, text: string | undefined): void {
    const { dialect, topics, tally } = this.options;
    if (text !== undefined) {
      const answer = dialect.answer(text);
      if (answer !== undefined) return void this.socket.write(clientFrame(answer));
      if (!this.isReady) {
        if (dialect.isReady(text, topics)) this.becomeReady();
        return;
      }
    }
    if (this.onAnswer) return this.onAnswer();
    if (length < MIN_MESSAGE) return;
    tally.messages += 1;
    if (text === undefined) return;
    const sentAt = Number(SENT_AT.exec(text)?.[1]);
    if (sentAt > 0) tally.latencies.push(now() - sentAt);
  }
}

function upgradeRequest({ path, protocol }: NonNullable<Dialect['upgrade']>): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    '\r\n',
  ].join('\r\n');
}
