import type { INestApplication } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, MetadataScanner, ModuleRef, ModulesContainer } from '@nestjs/core';

import { SharedFrameLimits } from '../../src/rate-limiting/rate-limiter.js';
import { ConnectionLimits } from '../../src/rate-limiting/connection-limits.js';
import { Revocations } from '../../src/admission/revocations.js';
import { RequestLimits } from '../../src/rate-limiting/request-limits.js';
import { RealtimeLog } from '../../src/core/realtime-log.js';
import { BrokerTally, Counters } from '../../src/core/counters.js';
import { KeyedStore } from '../../src/core/keyed-store.js';
import { RealtimeModule } from '../../src/realtime.module.js';

/** Sizes of all collections that the providers of the module hold, by their path. */
export type Held = Readonly<Record<string, number>>;

/** Collections that drop old entries at the next request or size check. */
const LAZY_COLLECTIONS = [RequestLimits, SharedFrameLimits, ConnectionLimits, Revocations];

/** Objects of Nest, the log and the counters. They hold nothing of clients. */
const EXCLUDED = [
  ...[ApplicationConfig, HttpAdapterHost, MetadataScanner, ModuleRef, ModulesContainer],
  ...[RealtimeLog, BrokerTally, Counters],
];

/** All collections of a server. A leak of a client shows as a larger size than before. */
export function heldBy(app: INestApplication): Held {
  const sizes: Record<string, number> = {};
  const seen = new Set<unknown>([app.getHttpServer()]);
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null || seen.has(value) || isOneOf(EXCLUDED, value)) return;
    seen.add(value);
    if (isOneOf(LAZY_COLLECTIONS, value)) void (value as { readonly size: number }).size;
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
