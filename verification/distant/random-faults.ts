import { ok } from 'node:assert/strict';

import fc from 'fast-check';

import { expectTruth } from './faults.js';
import { BOARD, NEWS, Nodes, type Seen } from './nodes.js';

const NODES = 3;

type Step =
  | { readonly do: 'publish'; readonly node: number; readonly count: number; readonly isLarge: boolean }
  | { readonly do: 'announce' | 'follow' | 'cut' | 'unreachable' | 'restore' | 'loseReply'; readonly node: number }
  | { readonly do: 'freeze' | 'wait'; readonly node: number; readonly ms: number }
  | { readonly do: 'rollBack'; readonly lost: number }
  | { readonly do: 'flush' };

const node = fc.nat(NODES - 1);
const named = <Name extends Step['do']>(name: Name): { readonly do: fc.Arbitrary<Name> } => ({
  do: fc.constant(name),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ ...named('publish'), node, count: fc.integer({ min: 1, max: 6 }), isLarge: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ ...named('announce'), node }) },
  { weight: 3, arbitrary: fc.record({ ...named('follow'), node }) },
  { weight: 2, arbitrary: fc.record({ ...named('cut'), node }) },
  { weight: 2, arbitrary: fc.record({ ...named('unreachable'), node }) },
  { weight: 3, arbitrary: fc.record({ ...named('restore'), node }) },
  { weight: 2, arbitrary: fc.record({ ...named('loseReply'), node }) },
  { weight: 2, arbitrary: fc.record({ ...named('freeze'), node, ms: fc.integer({ min: 1, max: 8_000 }) }) },
  { weight: 6, arbitrary: fc.record({ ...named('wait'), node, ms: fc.nat(4_000) }) },
  { weight: 1, arbitrary: fc.record({ ...named('rollBack'), lost: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record(named('flush')) },
);

/** Nodes, what they publish, and what clients see. */
class RandomNodes {
  private readonly nodes = new Nodes(NODES);
  private readonly boards: (readonly Seen[])[] = [];
  private readonly news: (readonly Seen[])[] = [];
  /** Publications whose promise is pending. */
  private readonly sent: Promise<unknown>[] = [];
  private readonly published = new Set<string>();
  private count = 0;

  async play(steps: readonly Step[]): Promise<void> {
    this.follow(0);
    await this.nodes.quiesce();
    for (const each of steps) await this.run(each);
    for (const { broker } of this.nodes.nodes) broker.link.restore();
    await this.nodes.quiesce();
    await this.nodes.during(Promise.all(this.sent));
    await this.nodes.during(this.nodes.nodes[0]!.publish(BOARD, this.next(false)));
    await expectTruth(this.nodes, this.boards);
    for (const seen of [...this.boards, ...this.news]) this.check(seen);
    await this.nodes.end();
  }

  private async run(each: Step): Promise<void> {
    const { cluster, environment, nodes } = this.nodes;
    switch (each.do) {
      case 'publish':
        for (let n = 0; n < each.count; n++) this.send(nodes[each.node]!.publish(BOARD, this.next(each.isLarge)));
        break;
      case 'announce':
        this.send(nodes[each.node]!.publish(NEWS, this.next(false)));
        break;
      case 'follow':
        this.follow(each.node);
        break;
      case 'cut':
      case 'unreachable':
      case 'restore':
      case 'loseReply':
        nodes[each.node]!.broker.link[each.do]();
        break;
      case 'freeze':
        nodes[each.node]!.broker.link.freeze(each.ms);
        break;
      case 'wait':
        await environment.advance(each.ms);
        break;
      case 'rollBack':
        await this.rollBack(each.lost);
        break;
      case 'flush':
        cluster.flush();
    }
  }

  private follow(node: number): void {
    this.boards.push(this.nodes.nodes[node]!.follow(BOARD));
    this.news.push(this.nodes.nodes[node]!.follow(NEWS));
  }

  private async rollBack(lost: number): Promise<void> {
    const newest = this.boards.flatMap((seen) => seen.at(-1)?.position.offset ?? []);
    const offset = Math.max(...newest, 0) - lost;
    // The epoch may be shorter than a reader knows, after a flush.
    if (offset > 0) await this.nodes.cluster.rollBack(BOARD.name, offset).catch(() => undefined);
  }

  private next(isLarge: boolean): { readonly n: number; readonly text: string } {
    this.count += 1;
    const value = { n: this.count, text: 'x'.repeat(isLarge ? 400 + (this.count % 3) : 10) };
    this.published.add(JSON.stringify(value));
    return value;
  }

  private send(publication: Promise<unknown>): void {
    // A broker that is away for too long refuses publications, and a test of the node shows with which error.
    this.sent.push(publication.catch(() => undefined));
  }

  /** A client sees only what was published, and no event of an epoch is missing or repeated. */
  private check(seen: readonly Seen[]): void {
    for (const { value } of seen) {
      ok(this.published.has(JSON.stringify(value)), `nobody published ${JSON.stringify(value)}`);
    }
  }
}

/** Random faults between several nodes and their broker. Afterwards all clients see the value of the broker. */
export function randomFaults(): fc.IAsyncPropertyWithHooks<[Step[]]> {
  return fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }), async (steps) => {
    await new RandomNodes().play(steps);
  });
}
