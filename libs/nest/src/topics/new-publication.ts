import { types } from 'node:util';

import { MAX_VALUE_DEPTH, type DiffOptions, type Json, type JsonObject, type TopicKind } from '@statewire/protocol';

import { BrokerError, type Broker, type NewPublication } from '../core/broker.js';
import type { Environment, Timer } from '../core/environment.js';
import { assertFits, jsonCopy, PublishError } from './json-copy.js';
import { Content, deltaBetween, freezeDeep, type Timeline } from './timeline.js';
import type { ResolvedTopic } from './topic-loader.js';

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

/** Elements of the longest list that is projected without its text. A sparse list can be longer than the memory. */
const MAX_LIST_LENGTH = 1_000_000;

/** Maximum bytes of one UTF-16 unit of a text in JSON, as `\\u001f`. */
const MAX_UNIT_BYTES = 6;

/** Maximum bytes of a number in JSON. */
const MAX_NUMBER_BYTES = 25;

/** A published value as plain, frozen JSON data. The text is made on first use. */
export class Projection extends Content {
  constructor(
    value: Json,
    /** The text has at most so many bytes. */
    readonly maxBytes: number,
    text?: string,
  ) {
    super(text, value);
  }
}

/**
 * Projects a value into JSON data, and freezes the data. A plain object or array that is equal to its projection is its
 * own projection: the application cannot change it any more. Others are copied: objects of classes, objects with
 * `toJSON` or getters, proxies, sparse arrays, and everything that contains one of them. No copy freezes its original.
 *
 * An object that `before` contains at the same place, or anywhere in the same list, is frozen already and is not read
 * again. Thus an immutable update costs what changed.
 *
 * @param maxBytes maximum size of the JSON text in bytes. 0: no limit.
 * @param before an earlier projection for the same topic.
 * @throws PublishError `not_json` or `too_deep`; RealtimeError `too_large`.
 */
export function project(topic: string, value: unknown, maxBytes: number, before?: Projection): Projection {
  const pass = new ProjectionPass();
  const projected = pass.tryProject(value, before?.value);
  if (projected === undefined) {
    const copy = freezeDeep(jsonCopy(topic, value, maxBytes));
    return new Projection(copy, Infinity);
  }
  const limit = pass.bytes + (pass.hasSkipped ? before!.maxBytes : 0);
  const projection = new Projection(projected, limit);
  if (maxBytes === 0 || limit <= maxBytes) return projection;
  const { text } = projection;
  return new Projection(projected, assertFits(topic, text, maxBytes), text);
}

/** One pass over a published value. */
class ProjectionPass {
  /** Maximum bytes in JSON of everything that was read. */
  bytes = 0;
  /** Whether a part of the value before was not read again. */
  hasSkipped = false;
  /** The projected members of the objects and lists around the current one. `toJSON` may change the originals. */
  private readonly done: (Json | undefined)[] = [];
  /** Number of members in `done`. */
  private top = 0;

  /** Undefined: the value has no JSON, or only its text can tell. */
  tryProject(value: unknown, before: Json | undefined): Json | undefined {
    try {
      return this.project(value, before, '', 0);
    } catch {
      return undefined;
    }
  }

  /** Undefined: JSON leaves the value out. */
  private project(value: unknown, before: unknown, key: string | number, depth: number): Json | undefined {
    switch (typeof value) {
      case 'string':
        this.bytes += value.length * MAX_UNIT_BYTES + 2;
        return value;
      case 'number':
        this.bytes += MAX_NUMBER_BYTES;
        // JSON has no negative zero.
        return Number.isFinite(value) ? value || 0 : null;
      case 'boolean':
        this.bytes += 5;
        return value;
      case 'undefined':
      case 'symbol':
        return undefined;
    }
    if (value === null) return this.projectNull();
    if (value === before && Object.isFrozen(value)) {
      this.hasSkipped = true;
      return value as Json;
    }
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.projectResult(toJSON.call(value, String(key)), before, depth);
    return this.projectContainer(value, before, depth);
  }

  /** Projects what `toJSON` returned. JSON calls no second `toJSON`. */
  private projectResult(value: unknown, before: unknown, depth: number): Json | undefined {
    const isPrimitive = !isObject(value) && typeof value !== 'bigint' && typeof value !== 'function';
    return isPrimitive ? this.project(value, before, '', depth) : this.projectContainer(value, before, depth);
  }

  private projectNull(): null {
    this.bytes += 4;
    return null;
  }

  private projectContainer(value: unknown, before: unknown, depth: number): Json | undefined {
    if (typeof value === 'bigint') throw new TypeError('JSON has no BigInt.');
    if (!isObject(value)) return undefined;
    if (depth >= MAX_VALUE_DEPTH) throw new RangeError('The value may be too deep.');
    if (Array.isArray(value)) return this.projectList(value, Array.isArray(before) ? before : [], depth);
    const isPlain = hasPrototype(value, Object.prototype);
    if (!isPlain && types.isBoxedPrimitive(value)) return this.project(unboxed(value), undefined, '', depth);
    return this.projectObject(value as Readonly<Record<string, unknown>>, isPlain, before, depth);
  }

  private projectList(list: readonly unknown[], before: readonly unknown[], depth: number): Json {
    const { done } = this;
    const { length } = list;
    if (length > MAX_LIST_LENGTH) throw new RangeError('The list may be too long.');
    // An element that JSON does not have becomes null.
    this.bytes += length * 5 + 2;
    const start = this.top;
    let isSame = hasPrototype(list, Array.prototype);
    let moved: Set<unknown> | undefined;
    for (let index = 0; index < length; index++) {
      const property = isSame ? Object.getOwnPropertyDescriptor(list, index) : undefined;
      isSame = isData(property);
      const item: unknown = isSame ? property!.value : list[index];
      let known = before[index];
      if (isObject(item) && (moved !== undefined || (item !== known && Object.isFrozen(item)))) {
        moved ??= new Set(before.slice(index));
        known = moved.delete(item) ? item : undefined;
      }
      const projected = this.project(item, known, index, depth + 1) ?? null;
      if (!Object.is(projected, item)) isSame = false;
      done[this.top++] = projected;
    }
    const projection = isSame ? (list as readonly Json[]) : (done.slice(start, this.top) as Json[]);
    this.top = start;
    return Object.freeze(projection);
  }

  private projectObject(
    object: Readonly<Record<string, unknown>>,
    isPlain: boolean,
    before: unknown,
    depth: number,
  ): Json {
    const { done } = this;
    const keys = Object.keys(object);
    const known = (isObject(before) && !Array.isArray(before) ? before : {}) as Readonly<Record<string, unknown>>;
    this.bytes += 2;
    const start = this.top;
    let isSame = isPlain && Object.getOwnPropertyNames(object).length === keys.length;
    for (const key of keys) {
      const property = isSame ? Object.getOwnPropertyDescriptor(object, key) : undefined;
      isSame = isData(property);
      const item: unknown = isSame ? property!.value : object[key];
      const projected = this.project(item, isObject(item) ? known[key] : undefined, key, depth + 1);
      this.bytes += key.length * MAX_UNIT_BYTES + 4;
      if (projected === undefined || !Object.is(projected, item)) isSame = false;
      done[this.top++] = projected;
    }
    const projection = isSame ? (object as JsonObject) : fromEntries(keys, done, start);
    this.top = start;
    return Object.freeze(projection);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The primitive that JSON has of `Object(7)` and the like. */
function unboxed(value: object): Json {
  return (JSON.parse(JSON.stringify([value])) as readonly Json[])[0]!;
}

/** Makes an object of the values from `start` on that JSON has. */
function fromEntries(keys: readonly string[], values: readonly (Json | undefined)[], start: number): JsonObject {
  const object: Record<string, Json> = {};
  for (const [index, key] of keys.entries()) {
    const value = values[start + index];
    if (value === undefined) continue;
    // A plain assignment to `__proto__` would set the prototype.
    if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true });
    else object[key] = value;
  }
  return object;
}

/** Whether an object has this prototype, and no hidden behaviour. */
function hasPrototype(value: object, prototype: object): boolean {
  return Object.getPrototypeOf(value) === prototype && !types.isProxy(value);
}

function isData(property: PropertyDescriptor | undefined): boolean {
  return property !== undefined && property.get === undefined && property.set === undefined;
}

/**
 * Makes the publications of one topic in this process. Each has the delta from the one that the process sent before it,
 * so that publications of one turn keep their deltas although the broker has not answered yet.
 */
export class Writer {
  /** The newest publication that was sent. Undefined: none, or the broker may not have it. */
  private sent: { readonly id: string; readonly projection: Projection } | undefined;
  private underWay = 0;

  constructor(
    private readonly kind: TopicKind,
    private readonly diffOptions: DiffOptions,
  ) {}

  /** The newest projection that was sent. Its objects are frozen. */
  get projection(): Projection | undefined {
    return this.sent?.projection;
  }

  /** @param timeline the topic on this node, if it is live. It may have publications of other nodes. */
  prepare(id: string, projection: Projection, timeline: Timeline | undefined): NewPublication {
    const patch = this.kind === 'state' ? this.patchTo(projection, timeline) : undefined;
    if (this.kind === 'state') this.sent = { id, projection };
    return newPublication(this.kind, id, projection, patch);
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

  private patchTo(projection: Projection, timeline: Timeline | undefined): NewPublication['patch'] {
    const { sent } = this;
    const isNewest = timeline === undefined || this.underWay > 0;
    if (sent !== undefined && isNewest && sent.id !== timeline?.id) {
      const delta = deltaBetween(sent.projection, projection, this.diffOptions);
      return delta === undefined ? undefined : { base: sent.id, delta };
    }
    const delta = timeline?.deltaTo(projection);
    return timeline === undefined || delta === undefined ? undefined : { base: timeline.id, delta };
  }
}

/** The newest projection that this process has sent or received. The application may publish parts of it again. */
export function projectionBefore(writer: Writer | undefined, timeline: Timeline | undefined): Projection | undefined {
  const newest = writer?.projection === undefined ? timeline?.newest : undefined;
  return newest === undefined ? writer?.projection : new Projection(newest.value, Infinity);
}

/** The publication makes its text when a broker reads it. */
export function newPublication(
  kind: TopicKind,
  id: string,
  projection: Projection,
  patch?: NewPublication['patch'],
): NewPublication {
  return {
    ...{ kind, id, value: projection.value },
    ...(patch === undefined ? {} : { patch }),
    get data() {
      return projection.text;
    },
  };
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

  find(name: string): Writer | undefined {
    return this.writers.get(name);
  }

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
