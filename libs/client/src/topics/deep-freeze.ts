import type { Json } from '@statewire/protocol';

/** Freezes a value; what is frozen already is not looked into, so that a patched value costs what was patched. */
export function deepFreeze(value: Json): Json {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
