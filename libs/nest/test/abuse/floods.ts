import { TestApplication } from '../../src/testing/test-application.js';
import type { TestSocket } from '../../src/testing/test-socket.js';
import { arenaProviders, authenticate, battle } from '../arena.fixture.js';

export interface FloodOptions {
  readonly clients: number;
  readonly flooders: number;
  /** Publications in each round. */
  readonly publications: number;
  /** Pairs of rounds, one with a flood and one without, next to each other and in random order. */
  readonly rounds: number;
  /**
   * Up to so many more pairs are played, `rounds` at a time, while this ratio is passed by the median of all so far. One
   * that is really higher stays so; what else the machine does goes. Default: none.
   */
  readonly until?: { readonly ratio: number; readonly rounds: number };
}

export interface FloodResult {
  /** Median of the rounds' p99 from publication to arrival, in ms. */
  readonly quietP99: number;
  readonly floodP99: number;
  /** Median over all pairs of the p99 with the flood against that without. */
  readonly ratio: number;
  readonly pairs: number;
  /** Publications that arrived at the clients that do not flood, and that should have. */
  readonly delivered: number;
  readonly expected: number;
  /** Codes the flooders were closed with. */
  readonly closed: readonly number[];
}

const BATTLE = battle.with({ battleId: '1000000' });

/** Some clients flood while the others follow a battle: how late do those get what is published? */
export async function measureFlood(options: FloodOptions): Promise<FloodResult> {
  const { clients, flooders, publications, rounds, until = { ratio: Infinity, rounds: 0 } } = options;
  // All come from one address here, as they would not elsewhere: its limits are what they have in common, and are off.
  const limits = {
    framesPerSecondPerAddress: 0,
    connectionsPerAddress: 0,
    connectsPerSecondPerAddress: 0,
    pendingPerAddress: 0,
  };
  const arena = await TestApplication.start({ realtime: { authenticate, limits }, providers: arenaProviders });
  try {
    const others = await Promise.all(Array.from({ length: clients - flooders }, () => follow(arena)));
    const arrivals: number[] = [];
    let published = 0;
    let delivered = 0;
    for (const { webSocket } of others) {
      webSocket.on('message', (data: Buffer) => {
        if (!data.includes('"patch"') && !data.includes('"snapshot"')) return;
        delivered += 1;
        arrivals.push(performance.now() - published);
      });
    }
    /** @returns the p99 of one round. */
    const round = async (): Promise<number> => {
      arrivals.length = 0;
      for (let count = 1; count <= publications; count++) {
        published = performance.now();
        await arena.bus.publish(BATTLE, { hp: Math.random() });
        while (arrivals.length < count * others.length) await new Promise((resolve) => setImmediate(resolve));
      }
      return percentile(arrivals, 0.99);
    };
    const [quiet, flooded, closed]: [number[], number[], number[]] = [[], [], []];
    const quietRound = async (): Promise<void> => void quiet.push(await round());
    const floodedRound = async (): Promise<void> => {
      const bad = await Promise.all(Array.from({ length: flooders }, () => follow(arena)));
      const ends = bad.map((socket) => socket.closed());
      const flood = setInterval(() => {
        for (const socket of bad) for (let count = 0; count < 20; count++) socket.send({ type: 'ping' });
      }, 5);
      flooded.push(await round());
      closed.push(...(await Promise.all(ends)));
      clearInterval(flood);
    };
    const ratio = (): number => median(flooded.map((p99, pair) => p99 / quiet[pair]!));
    const play = async (): Promise<void> => {
      for (let pair = 0; pair < rounds; pair++) {
        const arms = [quietRound, floodedRound];
        if (Math.random() < 0.5) arms.reverse();
        for (const arm of arms) await arm();
      }
    };
    await round();
    delivered = 0;
    await play();
    while (ratio() > until.ratio && quiet.length < rounds + until.rounds) await play();
    const pairs = quiet.length;
    const expected = 2 * pairs * publications * others.length;
    return { quietP99: median(quiet), floodP99: median(flooded), ratio: ratio(), pairs, delivered, expected, closed };
  } finally {
    await arena.close();
  }
}

async function follow(arena: TestApplication): Promise<TestSocket> {
  const socket = await arena.welcome();
  socket.send({ type: 'subscribe', topics: [{ topic: 'battles/1000000' }] });
  await socket.next('snapshot');
  return socket;
}

function percentile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]!;
}

const median = (values: readonly number[]): number => percentile(values, 0.5);
