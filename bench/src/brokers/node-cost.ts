import type { Measurement } from '../measurements.js';
import { percentile } from '../percentile.js';
import { NodeGroup } from './node-group.js';

/** Nodes that serve for a while have compiled code. 400 publications are enough for stable figures. */
const WARM_UP = { count: 400, perSecond: 100 };
const USUAL = { count: 50, perSecond: 10 };

/** More than any group can take, but little enough that no client is closed for reading slowly. */
const FLOOD = { count: 200, perSecond: 5_000 };
const HALF_COUNT = 200;

/**
 * Latency from publishing to a client, and the CPU of all nodes for a delivered frame, with `clients` clients. Several
 * nodes with memory brokers show what processes on the cores of this machine cost without a broker between them.
 */
export async function nodeCost(broker: 'memory' | 'Redis', nodes: number, clients: number): Promise<Measurement[]> {
  const group = await NodeGroup.start(broker, nodes, clients);
  try {
    await group.publish(WARM_UP);
    const before = await group.cpu();
    const latencies = await group.publish(USUAL);
    const cpu = (await group.cpu()) - before;
    const { arm } = group;
    return [
      { arm, metric: `publish to client, p50 (${clients} clients)`, unit: 'ms', value: percentile(latencies, 0.5) },
      {
        arm,
        metric: `CPU of all nodes per frame (${clients} clients)`,
        unit: 'µs',
        value: cpu / latencies.length,
      },
    ];
  } finally {
    await group.stop();
  }
}

/**
 * Latency from publishing to a client at half of the load that the slowest of the groups can take, so that no group has a
 * queue. With two nodes on Redis half of the clients read from the node that does not publish.
 */
export async function halfLoad(clients: number): Promise<Measurement[]> {
  const groups: NodeGroup[] = [];
  try {
    for (const [broker, nodes] of [
      ['memory', 1],
      ['Redis', 1],
      ['Redis', 2],
    ] as const) {
      groups.push(await NodeGroup.start(broker, nodes, clients));
    }
    const saturations: number[] = [];
    for (const group of groups) {
      await group.publish(WARM_UP);
      saturations.push(await group.saturation(FLOOD.count, FLOOD.perSecond));
    }
    const perSecond = Math.min(...saturations) / 2;
    const rows: Measurement[] = [];
    for (const [index, { arm }] of groups.entries()) {
      const latencies = await groups[index]!.publish({ count: HALF_COUNT, perSecond });
      rows.push(
        { arm, metric: `most publications (${clients} clients)`, unit: '1/s', value: saturations[index]! },
        {
          arm,
          metric: `publish to client at half of the least of them, p50 (${clients} clients)`,
          unit: 'ms',
          value: percentile(latencies, 0.5),
        },
      );
    }
    return rows;
  } finally {
    for (const group of groups) await group.stop();
  }
}
