import { queryObjects } from 'node:v8';

import type { INestApplication } from '@nestjs/common';
import { heldBy, type Held } from '@statewire/nest/internal/testing';

/** Kinds of resources that a leak would leave. The channel to the test uses other kinds. */
const RESOURCES = ['Timeout', 'Immediate', 'TCPServerWrap', 'TCPSocketWrap'];

/** Exact counts of the resources of a process. They do not depend on the machine or its load. */
export interface Holdings {
  /** Sizes of the collections that the module's providers reach. */
  readonly collections: Held;
  /** Handles and timers that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

export function holdingsOf(app: INestApplication): Holdings {
  const active = process.getActiveResourcesInfo();
  const resources = RESOURCES.map((kind) => [kind, active.filter((each) => each === kind).length] as const);
  return { collections: heldBy(app), resources: Object.fromEntries(resources) };
}

/** Counts the objects on the heap that are in use. V8 collects garbage first. */
export function objectsInUse(): number {
  return queryObjects(Object, { format: 'count' });
}
