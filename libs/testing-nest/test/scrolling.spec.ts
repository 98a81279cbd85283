import { afterEach, expect, test } from '@jest/globals';
import { OnTopic, RealtimeHandlers, RealtimeModule } from '@statewire/nest';
import { stateTopic } from '@statewire/protocol';

import { simulate, type Simulation } from '../src/index.js';

const row = stateTopic<string>()('rows/:n');

@RealtimeHandlers()
class Rows {
  @OnTopic(row)
  load(): string {
    return 'row';
  }
}

const FRAME_MS = 16;
const VISIBLE_ROWS = 20;

let simulation: Simulation;
afterEach(() => simulation.close());

const TRANSPORTS = [
  ['a WebSocket', 'pass', 'live', 0],
  ['a WebSocket, and rows that linger', 'pass', 'live', 1_000],
  ['polls', 'reject', 'polling', 0],
] as const;

test.each(TRANSPORTS)(
  'R17: a list that scrolls one row a frame stays current over %s',
  async (_, upgrades, expected, lingerMs) => {
    simulation = await simulate({ imports: [RealtimeModule.forRoot()], providers: [Rows] });
    const { network, realtime } = simulation.connect({ lingerMs });
    network.upgrades(upgrades);
    const states = new Set<string>();
    const visible: { unsubscribe(): void }[] = [];
    const values = new Map<string, unknown>();
    const show = (n: string): void => {
      visible.push(realtime.topic(row.with({ n })).subscribe(({ value }) => values.set(n, value)));
      if (visible.length > VISIBLE_ROWS) visible.shift()!.unsubscribe();
    };
    show('0');
    await simulation.until(() => realtime.status.state === expected, expected);
    realtime.status$.subscribe(({ state }) => states.add(state));
    for (let n = 1; n <= 300; n++) {
      show(String(n));
      await simulation.clock.advance(FRAME_MS);
    }
    await simulation.clock.advance(3_000);
    expect([...states]).toEqual([expected]);
    for (let n = 300; n > 300 - VISIBLE_ROWS; n--) expect(values.get(String(n))).toBe('row');
  },
);
