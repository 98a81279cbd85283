import { isTextDeeperThan, MAX_VALUE_DEPTH, type Json } from '@statewire/protocol';

import { RealtimeError } from '../core/errors.js';
import { PublishError } from './publish-error.js';

/** A value as it is published: what JSON makes of it, and nothing of the application's objects. */
export interface Projection {
  readonly text: string;
  readonly value: Json;
}

/**
 * Takes the JSON projection of a value, once.
 *
 * @param maxBytes of the text; 0: any size.
 * @throws PublishError where there is none, RealtimeError `too_large`.
 */
export function project(topic: string, value: unknown, maxBytes: number): Projection {
  const text = stringify(topic, value);
  const bytes = maxBytes === 0 ? 0 : Buffer.byteLength(text);
  if (bytes > maxBytes) {
    throw new RealtimeError(
      'too_large',
      `A value of ${bytes} bytes was published to "${topic}", and maxPublication is ${maxBytes}: split the topic, or raise it.`,
    );
  }
  if (isTextDeeperThan(text, MAX_VALUE_DEPTH)) {
    throw new PublishError(
      'too_deep',
      `A value for "${topic}" nests deeper than ${MAX_VALUE_DEPTH} levels: flatten it.`,
    );
  }
  return { text, value: JSON.parse(text) as Json };
}

function stringify(topic: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    throw new PublishError(
      'not_json',
      `The value for "${topic}" cannot become JSON (${reason}): publish plain data without cycles and BigInts.`,
      { cause },
    );
  }
  if (text === undefined) {
    const what = value === undefined ? 'undefined' : `a ${typeof value}`;
    throw new PublishError(
      'not_json',
      `There is no JSON for ${what}, which was published to "${topic}": publish null instead.`,
    );
  }
  return text;
}

/**
 * Freezes a published value and all it is made of, so that changing it and publishing it again throws where it is
 * changed. Left alone: what stands for other data (`toJSON`) and what cannot be frozen (typed arrays).
 */
export function freezeDeep(value: unknown): void {
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (!isFreezable(next)) continue;
    Object.freeze(next);
    for (const key of Object.keys(next)) waiting.push((next as Record<string, unknown>)[key]);
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
