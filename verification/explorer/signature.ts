import { createHash } from 'node:crypto';

import { Observable, Subscription } from 'rxjs';

import { boardAt } from './contract.js';
import { ExplorerTimer } from './explorer-environment.js';
import type { World } from './world.js';

/** Fields with a time. They do not affect the future, because steps wait for due timers. */
const MOMENTS: ReadonlySet<string> = new Set([
  ...['phaseBegan', 'heardAt', 'sentAt', 'pingedAt', 'beatenAt', 'now', 'usedAt', 'expiresAt', 'beganAt', 'cadenceDue'],
  ...['lastFrameAt', 'lastAnswerAt', 'welcomedAt', 'attemptedAt', 'firstSentAt', 'measuredAt'],
  ...['wallTime', 'monotonicTime', 'retryAt', 'doubtedAt'],
  ...['pausedUntil', 'nextRetryAt'],
]);

/** Fields with a time that affects the future. The digest has the milliseconds from now to this time. */
const RELATIVE_MOMENTS: ReadonlySet<string> = new Set(['answerDue', 'receivedAt']);

/** Fields that never change, that are only for display, or that cache values of other fields. */
const IGNORED: ReadonlySet<string> = new Set([
  ...['options', 'context', 'node', 'limits', 'environment', 'verdict', 'metrics', 'watcher', 'backoff'],
  ...['number', 'label', 'opened', 'cadences', 'timers', 'heartbeat', 'prepared', 'snapshot', 'frame', 'root'],
  ...[
    'board',
    'visits',
    'upgradeContext',
    'received',
    'pulse',
    'reason',
    'socketReason',
    'wasEverLive',
    'lastRef',
    'written',
    'socketBytes',
  ],
]);

const IGNORED_CLASSES: ReadonlySet<string> = new Set([
  'Batch',
  'TextFrame',
  'Backoff',
  'TopicFrames',
  'StatusStore',
  'RealtimeLog',
  'Counters',
  'SharedFrameLimits',
  'FrameBudget',
  'RateLimiter',
  'KeyedStore',
  'TokenBucket',
]);

const MOMENT = /\b1[78]\d{11}\b/g;
/** Ids and refs, alone and in frames. */
const NAMES = /\d{12}-virtual-id|"ref":"\d+"|^\d+$/g;
const TITLE = boardAt(0).title;

/**
 * Returns a digest of all state on both sides and between them that affects the next steps: the whole object graph with
 * private fields, with ids renamed in the order of their appearance, and without absolute times. States with equal
 * signatures are explored once.
 */
export function signatureOf(world: World, rest: unknown): string {
  return createHash('sha1').update(describeState(world, rest)).digest('base64');
}

/** Returns the text of the digest, to find the difference between two states. */
function describeState({ environment, network, oracle, page, server, truth }: World, rest: unknown): string {
  const { application, broker, hub, topics } = server;
  const writer = new GraphWriter(environment.monotonic());
  writer.write({
    rest,
    truth,
    page,
    hub,
    topics,
    sockets: network.sockets,
    requests: [network.polls, network.actions],
  });
  writer.write(network.sockets.map((wire) => oracle.session(wire)));
  writer.write({
    memory: broker.memory,
    answers: broker.answers,
    delays: environment.delays,
    lost: [broker.losesNext, broker.hasLost],
    runs: application.runs,
    running: application.running,
  });
  return writer.text;
}

type Stream = (Observable<unknown> | Subscription) & { readonly closed?: boolean; readonly _value?: unknown };

/** Writes a graph of objects as text, each object once. */
class GraphWriter {
  private readonly parts: string[] = [];
  private readonly seen = new Map<object, number>();
  private readonly names = new Map<string, string>();

  constructor(private readonly now: number) {}

  get text(): string {
    return this.parts.join('');
  }

  write(value: unknown, key = ''): void {
    switch (typeof value) {
      case 'number':
        this.writeNumber(value, key);
        return;
      case 'string':
        this.writeString(value);
        return;
      case 'object':
        if (value !== null) return this.writeObject(value, key);
    }
    if (typeof value !== 'function') this.parts.push(String(value), ',');
  }

  /** A moment that never comes differs from every other one. */
  private writeNumber(value: number, key: string): void {
    const isMoment = value !== Infinity && (value > 1e12 || MOMENTS.has(key));
    const number = RELATIVE_MOMENTS.has(key) ? value - this.now : value;
    this.parts.push(isMoment ? 'T' : String(number), ',');
  }

  private writeString(value: string): void {
    const short = value.length >= TITLE.length ? value.replaceAll(TITLE, '') : value;
    const named = short.replace(NAMES, (name) => this.nameOf(name)).replace(MOMENT, 'T');
    this.parts.push('"', named, '"');
  }

  private nameOf(given: string): string {
    const id = given.startsWith('"ref"') ? given.slice(7, -1) : given;
    const name = this.names.get(id) ?? `name${this.names.size}`;
    this.names.set(id, name);
    return name;
  }

  private writeObject(value: object, key: string): void {
    const index = this.seen.get(value);
    if (index !== undefined) {
      this.parts.push('#', String(index));
      return;
    }
    this.seen.set(value, this.seen.size);
    const { name } = value.constructor;
    if (Array.isArray(value)) this.writeAll('[', value, ']', key);
    else if (value instanceof Map) this.writeAll('{', value, '}');
    else if (value instanceof Set) this.writeAll('<', value, '>');
    else if (value instanceof Promise || ArrayBuffer.isView(value) || value instanceof WeakMap) this.parts.push(name);
    else if (value instanceof AbortController) this.parts.push(String(value.signal.aborted));
    else if (value instanceof ExplorerTimer) this.parts.push(value.isPending ? 'timer' : 'no timer');
    else if (value instanceof Observable || value instanceof Subscription) this.writeStream(value as Stream);
    else if (!IGNORED_CLASSES.has(name)) this.writeFields(name, value);
  }

  private writeAll(open: string, values: Iterable<unknown>, close: string, key = ''): void {
    this.parts.push(open);
    for (const value of values) this.write(value, key);
    this.parts.push(close);
  }

  /** Of RxJS objects only the kept value and the completion affect the future. */
  private writeStream(stream: Stream): void {
    this.parts.push(stream.closed === true ? 'closed' : 'open');
    if ('_value' in stream) this.write(stream._value);
  }

  private writeFields(name: string, value: object): void {
    this.parts.push(name, '(');
    for (const [name, field] of Object.entries(value)) {
      const key = name.replace(/^_/, '');
      if (field === undefined || IGNORED.has(key)) continue;
      this.parts.push(key, ':');
      this.write(field, key);
    }
    this.parts.push(')');
  }
}
