import type { INestApplication } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, MetadataScanner, ModuleRef, ModulesContainer } from '@nestjs/core';

import { SharedFrameLimits } from '../../src/rate-limiting/rate-limiter.js';
import { ConnectionLimits } from '../../src/rate-limiting/connection-limits.js';
import { Revocations } from '../../src/admission/revocations.js';
import { RequestLimits } from '../../src/rate-limiting/request-limits.js';
import { RealtimeLog } from '../../src/core/realtime-log.js';
import { Counters } from '../../src/core/counters.js';
import { KeyedStore } from '../../src/core/keyed-store.js';
import { RealtimeModule } from '../../src/realtime.module.js';

/** Sizes of all collections that the module's providers reach, by where they are. */
export type Held = Readonly<Record<string, number>>;

/** Forget with the next request, or when asked for their size. */
const FORGETFUL = [RequestLimits, SharedFrameLimits, ConnectionLimits, Revocations];

/** Nest's own; and the log and the counters, which remember each kind of line and outcome and nothing of clients. */
const APART = [
  ...[ApplicationConfig, HttpAdapterHost, MetadataScanner, ModuleRef, ModulesContainer],
  ...[RealtimeLog, Counters],
];

/** Everything that a server holds. What is left of clients that are gone shows as one more than there was before they came. */
export function heldBy(app: INestApplication): Held {
  const sizes: Record<string, number> = {};
  const seen = new Set<unknown>([app.getHttpServer()]);
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null || seen.has(value) || isOneOf(APART, value)) return;
    seen.add(value);
    if (isOneOf(FORGETFUL, value)) void (value as { readonly size: number }).size;
    if (value instanceof KeyedStore && value.size > 0) sizes[path] = value.size;
    if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
      const items = [...(value as Iterable<unknown>)];
      if (items.length > 0) sizes[path] = (sizes[path] ?? 0) + items.length;
      for (const item of items.flat()) walk(item, `${path}[]`);
    } else {
      for (const [key, inner] of Object.entries(value)) {
        // RxJS keeps a copy of `observers` there after the first value.
        if (key !== 'currentObservers') walk(inner, `${path}.${key}`);
      }
    }
  };
  for (const [token, { instance }] of ownProviders(app)) walk(instance, token);
  return sizes;
}

function isOneOf(types: readonly (abstract new (...parameters: never) => unknown)[], value: object): boolean {
  return types.some((type) => value instanceof type);
}

function ownProviders(app: INestApplication): readonly (readonly [string, { readonly instance: unknown }])[] {
  const modules = [...app.get(ModulesContainer).values()];
  const own = modules.find(({ metatype }) => metatype === RealtimeModule);
  return [...(own?.providers ?? [])].map(([token, wrapper]) => [
    typeof token === 'function' ? token.name : String(token),
    wrapper,
  ]);
}
