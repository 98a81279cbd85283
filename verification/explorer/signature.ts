import { createHash } from 'node:crypto';

import { Observable, Subscription } from 'rxjs';

import { boardAt } from './contract.js';
import { ExplorerTimer } from './explorer-environment.js';
import type { World } from './world.js';

/** Moments. When something happened decides nothing here: time passes in steps that wait for what is due. */
const MOMENTS: ReadonlySet<string> = new Set([
  ...['phaseBegan', 'heardAt', 'sentAt', 'pingedAt', 'beatenAt', 'now', 'usedAt', 'expiresAt', 'beganAt', 'cadenceDue'],
  ...['lastFrameAt', 'lastAnswerAt', 'welcomedAt', 'attemptedAt', 'firstSentAt', 'measuredAt'],
  ...['pausedUntil', 'nextRetryAt'],
]);

/** What never changes, what only labels or counts for display, and what is computed from the rest and kept for speed. */
const IGNORED: ReadonlySet<string> = new Set([
  ...['options', 'context', 'node', 'limits', 'environment', 'verdict', 'metrics', 'watcher', 'backoff'],
  ...[
    'number',
    'label',
    'opened',
    'tokens',
    'cadences',
    'timers',
    'heartbeat',
    'prepared',
    'snapshot',
    'frame',
    'root',
  ],
  ...[
    'board',
    'visits',
    'upgradeContext',
    'received',
    'pulse',
    'reason',
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
/** Ids, and refs: on their own and in frames. */
const NAMES = /\d{12}-virtual-id|"ref":"\d+"|^\d+$/g;
const TITLE = boardAt(0).title;

/**
 * A digest of everything on both sides and between them that decides what can happen next: the whole object graph,
 * private fields too, with ids named in the order of their appearance and without moments. States with equal signatures
 * are explored once.
 */
export function signatureOf(world: World, rest: unknown): string {
  return createHash('sha1').update(describeState(world, rest)).digest('base64');
}

/** What is digested; for whoever asks why two states differ. */
export function describeState({ environment, network, oracle, page, server, truth }: World, rest: unknown): string {
  const { application, broker, hub, topics } = server;
  const writer = new GraphWriter();
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

  get text(): string {
    return this.parts.join('');
  }

  write(value: unknown, key = ''): void {
    switch (typeof value) {
      case 'number':
        this.parts.push(value > 1e12 || MOMENTS.has(key) ? 'T' : String(value), ',');
        return;
      case 'string':
        this.writeString(value);
        return;
      case 'object':
        if (value !== null) return this.writeObject(value);
    }
    if (typeof value !== 'function') this.parts.push(String(value), ',');
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

  private writeObject(value: object): void {
    const known = this.seen.get(value);
    if (known !== undefined) {
      this.parts.push('#', String(known));
      return;
    }
    this.seen.set(value, this.seen.size);
    const { name } = value.constructor;
    if (Array.isArray(value)) this.writeAll('[', value, ']');
    else if (value instanceof Map) this.writeAll('{', value, '}');
    else if (value instanceof Set) this.writeAll('<', value, '>');
    else if (value instanceof Promise || ArrayBuffer.isView(value) || value instanceof WeakMap) this.parts.push(name);
    else if (value instanceof AbortController) this.parts.push(String(value.signal.aborted));
    else if (value instanceof ExplorerTimer) this.parts.push(value.isPending ? 'timer' : 'no timer');
    else if (value instanceof Observable || value instanceof Subscription) this.writeStream(value as Stream);
    else if (!IGNORED_CLASSES.has(name)) this.writeFields(name, value);
  }

  private writeAll(open: string, values: Iterable<unknown>, close: string): void {
    this.parts.push(open);
    for (const value of values) this.write(value);
    this.parts.push(close);
  }

  /** Of RxJS what is known about the future: the value that is kept, and whether it is over. */
  private writeStream(stream: Stream): void {
    this.parts.push(stream.closed === true ? 'closed' : 'open');
    if ('_value' in stream) this.write(stream._value);
  }

  private writeFields(name: string, value: object): void {
    this.parts.push(name, '(');
    for (const [key, field] of Object.entries(value)) {
      if (field === undefined || IGNORED.has(key)) continue;
      this.parts.push(key, ':');
      this.write(field, key);
    }
    this.parts.push(')');
  }
}
