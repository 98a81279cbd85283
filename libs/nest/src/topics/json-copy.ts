import { isTextDeeperThan, MAX_VALUE_DEPTH, type Json } from '@statewire/protocol';

import { RealtimeError } from '../core/errors.js';

/**
 * The rule that a publication breaks.
 *
 * - `not_json`: the value has no JSON text.
 * - `too_deep`: the value nests deeper than clients accept.
 * - `has_source`: an observable source is the only writer of the topic.
 * - `no_transactions`: the broker cannot publish in a transaction of a database.
 * - `not_updatable`: `update` has no object or list to change, or its recipe is asynchronous.
 * - `missing_package`: `update` needs the package `mutative`, which is not installed.
 * - `contended`: other publications came between each read and write of an `update`.
 */
export type PublishErrorCode =
  'not_json' | 'too_deep' | 'has_source' | 'no_transactions' | 'not_updatable' | 'missing_package' | 'contended';

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

/** The place of a value in what clients get. */
export interface CopyUse {
  /** Maximum nesting. */
  readonly maxDepth: number;
  /** Name of the option that limits the bytes. */
  readonly option: string;
  /** Advice for a value that is too large, besides raising the limit. */
  readonly remedy: string;
}

const PUBLICATION: CopyUse = {
  maxDepth: MAX_VALUE_DEPTH,
  option: 'limits.frames.publicationBytes',
  remedy: 'Split the topic',
};

/**
 * Copies a value as `JSON.parse(JSON.stringify(value))`. The copy shares no object with the application.
 *
 * @param maxBytes maximum size of the JSON text in bytes. 0: no limit.
 * @throws PublishError `not_json` or `too_deep`; RealtimeError `too_large`.
 */
export function jsonCopy(topic: string, value: unknown, maxBytes: number, use = PUBLICATION): Json {
  const text = stringify(topic, value);
  assertFits(topic, text, maxBytes, use);
  if (isTextDeeperThan(text, use.maxDepth)) {
    throw new PublishError(
      'too_deep',
      `The value for "${topic}" nests deeper than ${use.maxDepth} levels. Flatten the value.`,
    );
  }
  return JSON.parse(text) as Json;
}

/**
 * @param maxBytes maximum size of the JSON text in bytes. 0: no limit.
 * @returns the size of the text in bytes.
 * @throws RealtimeError `too_large`.
 */
export function assertFits(topic: string, text: string, maxBytes: number, use = PUBLICATION): number {
  const bytes = Buffer.byteLength(text);
  if (maxBytes === 0 || bytes <= maxBytes) return bytes;
  throw new RealtimeError(
    'too_large',
    `The value for "${topic}" has ${bytes} bytes, but ${use.option} is ${maxBytes}. ${use.remedy}, or raise the limit.`,
  );
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
