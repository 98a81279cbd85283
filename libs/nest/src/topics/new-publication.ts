import { isTextDeeperThan, MAX_VALUE_DEPTH, type DiffOptions, type Json, type TopicKind } from '@statewire/protocol';

import { BrokerError, type Broker, type NewPublication } from '../core/broker.js';
import type { Environment, Timer } from '../core/environment.js';
import { RealtimeError } from '../core/errors.js';
import { deltaBetween, type Timeline } from './timeline.js';
import type { ResolvedTopic } from './topic-loader.js';

/**
 * The rule that a publication breaks.
 *
 * - `not_json`: the value has no JSON text.
 * - `too_deep`: the value nests deeper than clients accept.
 * - `has_source`: an observable source is the only writer of the topic.
 * - `no_transactions`: the broker cannot publish in a transaction of a database.
 */
export type PublishErrorCode = 'not_json' | 'too_deep' | 'has_source' | 'no_transactions';

/** A publication that is invalid. The message says how to change it. */
export class PublishError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'PublishError';

  constructor(
    /** The rule that the publication breaks. */
    readonly code: PublishErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The error of a publication: another writer owns the topic, if the broker says so. */
export function hasSource({ name }: ResolvedTopic, error: unknown): unknown {
  if (!(error instanceof BrokerError && error.code === 'fenced')) return error;
  const message = `The observable of its handler, or the holder of its lease, is the only writer of "${name}". Publish through it.`;
  return new PublishError('has_source', message, { cause: error });
}

export function noTransactions(topic: string, { name }: Broker): PublishError {
  return new PublishError(
    'no_transactions',
    `The broker "${name}" keeps nothing in a database, so it cannot publish "${topic}" in a transaction. ` +
      'Use postgresBroker() of @statewire/broker-postgres, or publish after the commit.',
  );
}

/** The JSON projection of a published value. Shares no object with the application. */
export interface Projection {
  readonly text: string;
  readonly value: Json;
}

/** The place of a value in what clients get. */
export interface ProjectionUse {
  /** Maximum nesting. */
  readonly maxDepth: number;
  /** Name of the option that limits the bytes. */
  readonly option: string;
  /** What to do if the value is too large, besides raising the limit. */
  readonly remedy: string;
}

const PUBLICATION: ProjectionUse = {
  maxDepth: MAX_VALUE_DEPTH,
  option: 'limits.frames.publicationBytes',
  remedy: 'Split the topic',
};

/**
 * Creates the JSON projection of a value.
 *
 * @param maxBytes maximum size of the JSON text in bytes. 0: no limit.
 * @throws PublishError `not_json` or `too_deep`; RealtimeError `too_large`.
 */
export function project(topic: string, value: unknown, maxBytes: number, use = PUBLICATION): Projection {
  const { maxDepth, option, remedy } = use;
  const text = stringify(topic, value);
  const bytes = maxBytes === 0 ? 0 : Buffer.byteLength(text);
  if (bytes > maxBytes) {
    throw new RealtimeError(
      'too_large',
      `The value for "${topic}" has ${bytes} bytes, but ${option} is ${maxBytes}. ${remedy}, or raise the limit.`,
    );
  }
  if (isTextDeeperThan(text, maxDepth)) {
    throw new PublishError(
      'too_deep',
      `The value for "${topic}" nests deeper than ${maxDepth} levels. Flatten the value.`,
    );
  }
  return { text, value: JSON.parse(text) as Json };
}

/** Returns the path of the first BigInt or cycle in a value, such as `$.rows[0].id`. The whole value is `$`. */
export function pathOfProblem(value: unknown): string {
  return findProblem(value, '$', []) ?? '$';
}

function findProblem(value: unknown, path: string, parents: readonly unknown[]): string | undefined {
  if (typeof value === 'bigint' || parents.includes(value)) return path;
  if (typeof value !== 'object' || value === null || parents.length > MAX_SEARCH_DEPTH) return undefined;
  for (const [key, part] of Object.entries(value)) {
    const name = Array.isArray(value) ? `[${key}]` : `.${key}`;
    const found = findProblem(part, path + name, [...parents, value]);
    if (found !== undefined) return found;
  }
  return undefined;
}

const MAX_SEARCH_DEPTH = 100;

function stringify(topic: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    throw new PublishError(
      'not_json',
      `The value for "${topic}" is not serializable as JSON at ${pathOfProblem(value)} (${reason}). ` +
        'Publish plain data without cycles and BigInts.',
      { cause },
    );
  }
  if (text === undefined) {
    const type = value === undefined ? 'undefined' : `a ${typeof value}`;
    throw new PublishError(
      'not_json',
      `The value for "${topic}" is ${type}, which JSON does not have. Publish null instead.`,
    );
  }
  return text;
}

/**
 * Freezes a published value and all objects in it, so that a later change throws. Skips objects with `toJSON`, whose
 * JSON has different data, and typed arrays, which cannot be frozen.
 */
export function freezeDeep(value: unknown): void {
  const pending = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (!isFreezable(next)) continue;
    Object.freeze(next);
    for (const key of Object.keys(next)) pending.push((next as Record<string, unknown>)[key]);
  }
}

function isFreezable(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Object.isFrozen(value) &&
    !ArrayBuffer.isView(value) &&
    typeof (value as { toJSON?: unknown }).toJSON !== 'function'
  );
}

/**
 * Makes the publications of one topic in this process. Each has the delta from the one that the process sent before it,
 * so that publications of one turn keep their deltas although the broker has not answered yet.
 */
export class Writer {
  /** The newest publication that was sent. Undefined: none, or the broker may not have it. */
  private sent: { readonly id: string; readonly value: Json } | undefined;
  private underWay = 0;

  constructor(
    private readonly kind: TopicKind,
    private readonly diffOptions: DiffOptions,
  ) {}

  /** @param timeline the topic on this node, if it is live. It may have publications of other nodes. */
  prepare(id: string, { text: data, value }: Projection, timeline: Timeline | undefined): NewPublication {
    const { kind } = this;
    const patch = kind === 'state' ? this.patchTo(data, value, timeline) : undefined;
    if (kind === 'state') this.sent = { id, value };
    return { kind, id, data, value, ...(patch === undefined ? {} : { patch }) };
  }

  /** Follows a publication that was prepared until the broker has answered. */
  async track<T>(sending: Promise<T>): Promise<T> {
    this.underWay += 1;
    try {
      return await sending;
    } catch (error) {
      this.sent = undefined;
      throw error;
    } finally {
      this.underWay -= 1;
    }
  }

  private patchTo(data: string, value: Json, timeline: Timeline | undefined): NewPublication['patch'] {
    const { sent } = this;
    const isNewest = timeline === undefined || this.underWay > 0;
    if (sent !== undefined && isNewest && sent.id !== timeline?.id) {
      const delta = deltaBetween(sent.value, data, value, this.diffOptions);
      return delta === undefined ? undefined : { base: sent.id, delta };
    }
    const delta = timeline?.deltaTo(data, value);
    return timeline === undefined || delta === undefined ? undefined : { base: timeline.id, delta };
  }
}

/** Maximum number of writers. Above it the oldest one is dropped, and its next publication has no delta. */
const MAX_WRITERS = 10_000;

/** The writers of the topics that this process published to in the last `keepMs`, or a little longer. */
export class Writers {
  private readonly writers = new Map<string, Writer>();
  /** Names of the topics of publications since the last sweep. */
  private readonly used = new Set<string>();
  private sweep: Timer | undefined;

  constructor(
    private readonly environment: Pick<Environment, 'setTimer'>,
    private readonly keepMs: number,
  ) {}

  of(topic: ResolvedTopic): Writer {
    const { kind, name } = topic;
    const writer = this.writers.get(name) ?? new Writer(kind, topic);
    this.writers.set(name, writer);
    if (this.writers.size > MAX_WRITERS) this.writers.delete(this.writers.keys().next().value!);
    this.used.add(name);
    this.sweep ??= this.environment.setTimer(() => this.dropUnused(), this.keepMs);
    return writer;
  }

  delete(name: string): void {
    this.writers.delete(name);
  }

  dispose(): void {
    this.sweep?.cancel();
    this.writers.clear();
    this.used.clear();
  }

  private dropUnused(): void {
    for (const name of this.writers.keys()) {
      if (!this.used.has(name)) this.writers.delete(name);
    }
    this.used.clear();
    this.sweep = this.writers.size === 0 ? undefined : this.environment.setTimer(() => this.dropUnused(), this.keepMs);
  }
}
