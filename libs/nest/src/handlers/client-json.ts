import { isTextDeeperThan, MAX_VALUE_DEPTH, type Json } from '@statewire/protocol';

import { pathOfProblem } from '../topics/json-copy.js';

/**
 * Returns the JSON projection of a value of the application for a client; undefined if JSON does not have the value.
 *
 * @param what the value, as the message names it.
 * @throws TypeError if the value is no JSON, or nests deeper than clients accept: a client that cannot read a frame
 * drops its connection, and asks for the same frame again.
 */
export function clientJson(value: unknown, what: string): Json | undefined {
  const text = stringify(value, what);
  if (text === undefined) return undefined;
  if (!isTextDeeperThan(text, MAX_VALUE_DEPTH)) return JSON.parse(text) as Json;
  throw new TypeError(`${what} nests deeper than ${MAX_VALUE_DEPTH} levels, which no client accepts. Flatten it.`);
}

function stringify(value: unknown, what: string): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new TypeError(`${what} is no JSON at ${pathOfProblem(value)}: ${String(cause).split('\n', 1)[0]}`, { cause });
  }
}
