import { expect } from '@jest/globals';

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];

let before: unknown;

const keys = () => PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype));

export function rememberPrototypes(): void {
  before = keys();
}

/** Checks that the prototypes of all objects are unchanged. */
export function expectPrototypesUnchanged(): void {
  expect(keys()).toEqual(before);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
}
