import { deepEqual, notEqual, ok } from 'node:assert/strict';

import { ConnectionLostError, Requests } from '@statewire/nest/broker';
import type { Json } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';
import { Subject } from 'rxjs';

import { BOARD, NEWS, Nodes, type Node, type Seen, type Topic } from './nodes.js';

/** A fault of a broker that is a network away, and what must be true in spite of it. */
export interface DistantFault {
  readonly name: string;
  /** @throws Error if a guarantee is broken. */
  readonly run: () => Promise<void>;
}

/** Histories that a node reads at the same time after an outage. */
const MAX_READS_AT_ONCE = 32;

/** Milliseconds within which a client learns that its server has lost contact with the broker. */
const MAX_NOTICE_MS = 4_000;

function value(n: number): Json {
  return { n, rows: Array.from({ length: 12 }, (_, row) => `row ${row}`) };
}

async function withNodes(
  count: number,
  work: (nodes: Nodes, ...each: Node[]) => Promise<void>,
  load?: ConstructorParameters<typeof Nodes>[1],
): Promise<void> {
  const nodes = new Nodes(count, load);
  try {
    await work(nodes, ...nodes.nodes);
  } finally {
    await nodes.end();
  }
}

async function publish(nodes: Nodes, node: Node, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await nodes.during(node.publish(BOARD, value(n)));
}

/** The publications of the newest epoch: `whole` or `delta`. */
async function formsOf(nodes: Nodes, node: Node): Promise<readonly string[]> {
  const { publications } = await nodes.during(node.broker.read(BOARD.name, BOARD.kind, { above: 0 }));
  return publications.map(({ delta }) => (delta === undefined ? 'whole' : 'delta'));
}

/** The histories that a node reads from now on, and how many at the same time at most. */
function watchReads({ broker }: Node): { readonly topics: ReadonlySet<string>; readonly most: number } {
  const read = broker.read.bind(broker);
  const watched = { topics: new Set<string>(), most: 0 };
  let underWay = 0;
  broker.read = async (topic, kind, options) => {
    watched.topics.add(topic);
    underWay += 1;
    watched.most = Math.max(watched.most, underWay);
    return read(topic, kind, options).finally(() => (underWay -= 1));
  };
  return watched;
}

/** Every reader has the newest value of the broker and knows it, and positions never went back in an epoch. */
export async function expectTruth(nodes: Nodes, readers: readonly (readonly Seen[])[]): Promise<Seen> {
  await nodes.quiesce();
  ok(!nodes.nodes.some(({ staleness }) => staleness.includes(true)), 'a reader is told that its topic is stale');
  const truth = await nodes.truth(BOARD);
  ok(truth, 'the broker has no value');
  for (const seen of readers) {
    deepEqual(seen.at(-1), truth);
    for (const [index, { position }] of seen.entries()) {
      const before = seen[index - 1]?.position;
      ok(before?.epoch !== position.epoch || before.offset < position.offset, 'a position went back');
    }
  }
  return truth;
}

export const DISTANT_FAULTS: readonly DistantFault[] = [
  {
    name: 'several publications of one turn, before the broker has answered the first',
    run: () =>
      withNodes(2, async (nodes, publisher, edge) => {
        const readers = [publisher.follow(BOARD), edge.follow(BOARD)];
        await nodes.quiesce();
        const sent = [1, 2, 3, 4, 5].map((n) => publisher.publish(BOARD, value(n)));
        await nodes.during(Promise.all(sent));
        deepEqual(await formsOf(nodes, publisher), ['whole', 'delta', 'delta', 'delta', 'delta']);
        deepEqual((await expectTruth(nodes, readers)).value, value(5));
      }),
  },
  {
    name: 'a publisher without a reader of its own',
    run: () =>
      withNodes(2, async (nodes, publisher, edge) => {
        const readers = [edge.follow(BOARD)];
        await nodes.quiesce();
        await publish(nodes, publisher, 1, 5);
        deepEqual(await formsOf(nodes, publisher), ['whole', 'delta', 'delta', 'delta', 'delta']);
        deepEqual((await expectTruth(nodes, readers)).value, value(5));
      }),
  },
  {
    name: 'a publication while a loader reads an older value',
    run: async () => {
      let loaded = (_value: Json): void => undefined;
      const load = (node: number): Promise<Json> | undefined =>
        node === 0 ? new Promise((resolve) => (loaded = resolve)) : undefined;
      await withNodes(
        2,
        async (nodes, loading, publisher) => {
          const readers = [loading.follow(BOARD)];
          await nodes.environment.advance(100);
          const published = publisher.publish(BOARD, value(2));
          loaded(value(1));
          await nodes.during(published);
          deepEqual((await expectTruth(nodes, readers)).value, value(2));
        },
        load,
      );
    },
  },
  {
    name: 'a promoted replica that lost publications, without further publications',
    run: () =>
      withNodes(2, async (nodes, publisher, edge) => {
        const readers = [publisher.follow(BOARD), edge.follow(BOARD)];
        await nodes.quiesce();
        await publish(nodes, publisher, 1, 5);
        await nodes.quiesce();
        await nodes.cluster.rollBack(BOARD.name, 3);
        const truth = await expectTruth(nodes, readers);
        deepEqual(truth.value, value(3));
        notEqual(truth.position.epoch, readers[0]![0]!.position.epoch);
      }),
  },
  {
    name: 'offsets that a promoted replica gives out again while a node is cut off',
    run: () =>
      withNodes(2, async (nodes, publisher, edge) => {
        const readers = [edge.follow(BOARD)];
        await nodes.quiesce();
        await publish(nodes, publisher, 1, 5);
        await nodes.quiesce();
        edge.broker.link.unreachable();
        await nodes.cluster.rollBack(BOARD.name, 3);
        await nodes.quiesce();
        for (let n = 14; n <= 18; n++) await nodes.during(publisher.publish(BOARD, [n, value(n)]));
        edge.broker.link.restore();
        deepEqual((await expectTruth(nodes, readers)).value, [18, value(18)]);
      }),
  },
  {
    name: 'a node that is cut off, for clients that must not take their values for current',
    run: () =>
      withNodes(2, async (nodes, publisher, edge) => {
        const readers = [publisher.follow(BOARD), edge.follow(BOARD)];
        edge.follow(NEWS);
        await nodes.quiesce();
        await publish(nodes, publisher, 1, 5);
        await nodes.quiesce();
        for (const fault of ['unreachable', 'freeze'] as const) {
          if (fault === 'freeze') edge.broker.link.freeze(60_000);
          else edge.broker.link.unreachable();
          await nodes.environment.advance(MAX_NOTICE_MS);
          readers.push(edge.follow(BOARD));
          await nodes.environment.advance(100);
          ok(
            !edge.staleness.includes(false),
            `a reader does not know after ${MAX_NOTICE_MS} ms that its topic is stale`,
          );
          deepEqual(publisher.staleness, [false]);
          await publish(nodes, publisher, 6, 8);
          edge.broker.link.restore();
          deepEqual((await expectTruth(nodes, readers)).value, value(8));
        }
      }),
  },
  {
    name: 'lost publications, for clients that come before the next publication',
    run: () =>
      withNodes(2, async (nodes, publisher, edge) => {
        const readers = [edge.follow(BOARD)];
        await nodes.quiesce();
        await publish(nodes, publisher, 1, 5);
        await nodes.quiesce();
        await nodes.cluster.rollBack(BOARD.name, 3);
        await nodes.quiesce();
        const late = [publisher.follow(BOARD), edge.follow(BOARD)];
        await nodes.quiesce();
        deepEqual(
          late.map((seen) => seen.at(-1)?.value),
          [value(3), value(3)],
        );
        await publish(nodes, publisher, 6, 6);
        deepEqual((await expectTruth(nodes, [...readers, ...late])).value, value(6));
      }),
  },
  {
    name: 'lost publications of a source that has nothing new',
    run: async () => {
      const source = new Subject<Json>();
      await withNodes(
        2,
        async (nodes, runner, edge) => {
          const readers = [runner.follow(BOARD), edge.follow(BOARD)];
          await nodes.quiesce();
          for (let n = 1; n <= 5; n++) {
            source.next(value(n));
            await nodes.quiesce();
          }
          await nodes.cluster.rollBack(BOARD.name, 3);
          deepEqual((await expectTruth(nodes, readers)).value, value(5));
        },
        () => source,
      );
    },
  },
  {
    name: 'an outage of many topics, of which most move meanwhile',
    run: () =>
      withNodes(2, async (nodes, publisher, edge) => {
        const topics = Array.from({ length: 120 }, (_, n): Topic => ({ name: `board/${n}`, kind: 'state' }));
        const publishAll = (n: number, to: readonly Topic[]): Promise<unknown> =>
          nodes.during(Promise.all(to.map((topic) => publisher.publish(topic, value(n)))));
        const readers = topics.map((topic) => edge.follow(topic));
        await nodes.quiesce();
        await publishAll(1, topics);
        await nodes.quiesce();
        edge.broker.link.unreachable();
        const moved = topics.slice(0, 100);
        await publishAll(2, moved);
        const reads = watchReads(edge);
        edge.broker.link.restore();
        await nodes.quiesce();
        for (const [n, seen] of readers.entries()) deepEqual(seen.at(-1)?.value, value(n < moved.length ? 2 : 1));
        ok(reads.most <= MAX_READS_AT_ONCE, `${reads.most} histories were read at once`);
        deepEqual(reads.topics, new Set(moved.map(({ name }) => name)));
      }),
  },
  {
    name: 'a request whose reply of the server is lost',
    run: async () => {
      const environment = new VirtualEnvironment();
      const ran: Json[] = [];
      let repliesLost = 1;
      /** The server passes each message on, and the connection ends before the first reply. */
      const deliver = async (text: string): Promise<void> => {
        requests.receive(text);
        if (repliesLost-- > 0) throw new ConnectionLostError('The connection was lost.');
      };
      const messenger = {
        sendOnce: (_: string, text: string): Promise<boolean> => deliver(text).then(() => true),
        send: (_: string, text: string): Promise<void> => deliver(text).catch(() => deliver(text)),
      };
      const leases = { holder: async (): Promise<string> => 'holder', holds: () => true };
      const requests: Requests = new Requests('holder', messenger, leases, environment, 5_000);
      requests.onRequest('arena', (message) => {
        ran.push(message);
        return new Promise<Json>(() => undefined);
      });
      const outcome = requests.request('arena', 'tick').catch((error: { code: string }) => error.code);
      await environment.advance(10_000);
      deepEqual([await outcome, ran], ['no_answer', ['tick']]);
    },
  },
];
