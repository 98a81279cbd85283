import { createRealtimeClient, type ClientEnvironment, type WebSocketLike } from '@statewire/client';
import { diff, stateTopic, type Json } from '@statewire/protocol';

import { now } from './clock.js';
import type { Measurement } from './measurements.js';

const ROUNDS = 60;
/** A burst of updates with two changed fields each. */
const UPDATES = 20;
/** Approximate bytes of the value as JSON. */
const SIZES = [500, 5_500, 50_000] as const;
const ROW_BYTES = 115;
/** Time between two frames on the clock of the client. */
const INTERVAL_MS = 100;

const shop = stateTopic<Json>()('shop').with();

/**
 * Cost of one update in the client, from the text of the frame to the observer of the value, as a multiple of
 * `JSON.parse` of the whole value. `delta` is a patch that changes two fields. `snapshot` is a whole value in which the
 * same two fields changed.
 */
export function clientDeltaCost(): Measurement[] {
  return SIZES.flatMap((bytes) => {
    const values = shops(Math.max(1, Math.round(bytes / ROW_BYTES)));
    const text = JSON.stringify(values[0]);
    const arms: Readonly<Record<'parse' | 'delta' | 'snapshot', () => number>> = {
      parse: () => timed(() => repeat(() => JSON.parse(text) as Json)),
      delta: () => receive(values, (offset) => patchFrame(values, offset)),
      snapshot: () => receive(values, (offset) => snapshotFrame(values, offset)),
    };
    const best = { parse: Infinity, delta: Infinity, snapshot: Infinity };
    for (let round = 0; round < ROUNDS; round++) {
      for (const arm of inRandomOrder(['parse', 'delta', 'snapshot'] as const)) {
        best[arm] = Math.min(best[arm], arms[arm]());
      }
    }
    return (['delta', 'snapshot'] as const).map((arm) => ({
      arm: 'statewire',
      metric: `client cost of a ${arm} (${text.length} bytes)`,
      unit: '× JSON.parse',
      value: best[arm] / best.parse,
    }));
  });
}

/** Milliseconds in which a live client applies the frames. Throws unless it emits each value. */
function receive(values: readonly Json[], frameAt: (offset: number) => string): number {
  const socket = new FakeSocket();
  const clock = { elapsed: 0 };
  const client = createRealtimeClient({
    origin: 'http://bench',
    environment: { ...idleEnvironment(clock), openWebSocket: () => socket },
  });
  let emitted = 0;
  let last: Json | undefined;
  client.state(shop).subscribe((value) => {
    emitted += 1;
    last = value;
  });
  socket.open();
  const position = { topic: shop.name, epoch: 'e', offset: 1 };
  socket.receive({
    ...{ type: 'welcome', connectionId: 'c', serverTime: 0, actionWindow: 120_000 },
    heartbeat: { interval: 0, timeout: 0 },
    limits: { frameBytes: 0, subscriptions: 0 },
  });
  socket.receive({ type: 'subscribed', ...position, kind: 'state', recovered: false, ref: socket.lastRef() });
  socket.receive({ type: 'snapshot', ...position, data: values[0]! });
  const frames = Array.from({ length: UPDATES }, (_, index) => frameAt(index + 2));
  const elapsed = timed(() => {
    for (const frame of frames) {
      clock.elapsed += INTERVAL_MS;
      socket.onmessage?.({ data: frame });
    }
  });
  client.close();
  const expected = values[UPDATES % values.length];
  if (emitted !== UPDATES + 1 || JSON.stringify(last) !== JSON.stringify(expected)) {
    throw new Error(`The client emitted ${emitted} values and not ${UPDATES + 1}, or the last one is wrong.`);
  }
  return elapsed;
}

function patchFrame(values: readonly Json[], offset: number): string {
  const [before, after] = [values[(offset - 2) % values.length]!, values[(offset - 1) % values.length]!];
  return JSON.stringify({ type: 'patch', topic: shop.name, from: offset - 1, offset, delta: diff(before, after) });
}

function snapshotFrame(values: readonly Json[], offset: number): string {
  const data = values[(offset - 1) % values.length]!;
  return JSON.stringify({ type: 'snapshot', topic: shop.name, epoch: 'e', offset, data });
}

/** Two values with this many rows. They differ in two fields of one row. */
function shops(count: number): readonly Json[] {
  const rows = Array.from({ length: count }, (_, index) => ({
    id: `article-${index}`,
    name: `Article number ${index}`,
    price: { amount: 100 + index, currency: 'EUR' },
    stock: index % 17,
    tags: ['new', 'sale'],
  }));
  const middle = Math.floor(count / 2);
  const changed = rows.map((row, index) =>
    index === middle ? { ...row, price: { ...row.price, amount: 7 }, stock: 99 } : row,
  );
  return [{ rows }, { rows: changed }];
}

function repeat(task: () => unknown): void {
  for (let index = 0; index < UPDATES; index++) task();
}

function timed(task: () => void): number {
  const began = now();
  task();
  return now() - began;
}

function inRandomOrder<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ item }) => item);
}

/** An environment without timers, so that only the frames cost time. */
function idleEnvironment(clock: { readonly elapsed: number }): Partial<ClientEnvironment> {
  return {
    monotonic: () => clock.elapsed,
    setTimer: () => ({ cancel: () => undefined }),
    queueMicrotask: (task) => task(),
    fetch: undefined,
  };
}

/** A WebSocket whose server is the benchmark. */
class FakeSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readonly readyState = 1;
  readonly bufferedAmount = 0;
  private readonly sent: string[] = [];

  open(): void {
    this.onopen?.(undefined);
  }

  receive(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The `ref` of the last `subscribe`. */
  lastRef(): string | undefined {
    const subscribe = this.sent.map((text) => JSON.parse(text) as { type: string; ref?: string });
    return subscribe.findLast(({ type }) => type === 'subscribe')?.ref;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.onclose = null;
  }
}
