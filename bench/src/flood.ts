import { BenchClient, connectAll } from './bench-client.js';
import { type Measurement, settled, withServer } from './measurements.js';
import { percentile } from './percentile.js';

const FLOODERS = 10;
const PAIRS = 5;
const HZ = 10;
const ROUND = 1_000;
const PING = '{"type":"ping"}';

/** p99 latency of readers beside ten clients that flood, as a multiple of their p99 without a flood. */
export async function flood(count: number): Promise<Measurement[]> {
  const arm = 'statewire';
  return withServer(arm, async (server, dialect) => {
    const readers = await connectAll(dialect, server.port, count - FLOODERS);
    const round = async (): Promise<number> => {
      for (const reader of readers) reader.reset();
      await server.ask({ type: 'publish-battle', hz: HZ, duration: ROUND }, 'done');
      await settled(readers, (ROUND * HZ) / 1_000);
      return percentile(
        readers.flatMap(({ latencies }) => latencies),
        0.99,
      );
    };
    await round();
    const ratios: number[] = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const quiet = await round();
      const flooders = await connectAll(dialect, server.port, FLOODERS);
      const flooding = setInterval(() => flooders.forEach(sendPings), 5);
      ratios.push((await round()) / quiet);
      clearInterval(flooding);
      for (const flooder of flooders) flooder.close();
    }
    for (const reader of readers) reader.close();
    return [{ arm, metric: `latency p99 beside a flood (${count})`, unit: '× p99', value: percentile(ratios, 0.5) }];
  });
}

/** The server closes the connection after some of them. */
function sendPings(flooder: BenchClient): void {
  for (let index = 0; index < 20; index += 1) flooder.send(PING);
}
