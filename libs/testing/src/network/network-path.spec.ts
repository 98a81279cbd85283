import { beforeEach, describe, expect, test } from '@jest/globals';

import { VirtualEnvironment } from '../time/virtual-environment.js';
import type { SimulatedConnection } from './simulated-connection.js';
import { SimulatedNetwork } from './simulated-network.js';

let environment: VirtualEnvironment;
let network: SimulatedNetwork;

beforeEach(() => {
  environment = new VirtualEnvironment();
  network = new SimulatedNetwork(environment);
});

/** Both ends of a connection, with everything that reached them. */
function observed(connection: SimulatedConnection) {
  const arrived = { client: [] as string[], server: [] as string[] };
  connection.attach('client', { reset: () => arrived.client.push('reset') });
  connection.attach('server', { reset: () => arrived.server.push('reset') });
  const send = (from: 'client' | 'server', size: number): void => {
    const other = from === 'client' ? 'server' : 'client';
    const deliver = (begin: number, end: number): void => {
      arrived[other].push(`${begin}-${end} at ${environment.monotonic()}`);
    };
    connection.from(from).send({ size, deliver });
  };
  return { arrived, send };
}

describe('NetworkPath', () => {
  test('delivers at once without conditions, and after the latency with it', async () => {
    const path = network.path();
    const { arrived, send } = observed(path.connect());
    send('client', 10);
    await environment.settle();
    path.latency(40);
    send('client', 20);
    await environment.advance(100);
    expect(arrived.server).toEqual(['0-10 at 0', '0-20 at 40']);
  });

  test('keeps the order of transmissions when the latency varies', async () => {
    const path = network.path();
    path.latency(5, 50);
    const { arrived, send } = observed(path.connect());
    for (let size = 1; size <= 50; size++) send('client', size);
    await environment.advance(100);
    const sizes = arrived.server.map((line) => Number(/-(\d+) /.exec(line)?.[1]));
    expect(sizes).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  test('cuts a transmission into slices', async () => {
    const path = network.path();
    path.slice(4);
    const { arrived, send } = observed(path.connect());
    send('server', 10);
    await environment.settle();
    expect(arrived.client).toEqual(['0-4 at 0', '4-8 at 0', '8-10 at 0']);
  });

  test('limits the bytes per second', async () => {
    const path = network.path();
    path.bandwidth(1_000);
    const { arrived, send } = observed(path.connect());
    send('client', 500);
    send('client', 500);
    await environment.advance(2_000);
    expect(arrived.server).toEqual(['0-500 at 500', '0-500 at 1000']);
  });

  test('closes both sides on a cut, and loses the bytes in transit', async () => {
    const path = network.path();
    path.latency(50);
    const { arrived, send } = observed(path.connect());
    send('client', 10);
    path.cut();
    await environment.advance(100);
    expect(arrived).toEqual({ client: ['reset'], server: ['reset'] });
    expect(path.connections).toEqual([]);
  });

  test('is cut after the given number of bytes, in the middle of a transmission', async () => {
    const path = network.path();
    const { arrived, send } = observed(path.connect());
    path.cutAfter(6);
    send('client', 10);
    await environment.settle();
    expect(arrived).toEqual({ client: ['reset'], server: ['0-6 at 0', 'reset'] });
  });

  test('holds all bytes in a black hole, and delivers them when it is restored', async () => {
    const path = network.path();
    const old = observed(path.connect());
    path.blackhole();
    const young = observed(path.connect());
    old.send('client', 1);
    young.send('client', 2);
    await environment.advance(1_000);
    expect([old.arrived.server, young.arrived.server]).toEqual([[], []]);
    path.restore();
    await environment.settle();
    expect([old.arrived.server, young.arrived.server]).toEqual([['0-1 at 1000'], ['0-2 at 1000']]);
  });

  test('delivers for new connections while a black hole holds the open ones', async () => {
    const path = network.path();
    const old = observed(path.connect());
    path.blackhole('open');
    const young = observed(path.connect());
    old.send('client', 1);
    young.send('client', 2);
    await environment.settle();
    expect([old.arrived.server, young.arrived.server]).toEqual([[], ['0-2 at 0']]);
  });

  test('ends a freeze after its time', async () => {
    const path = network.path();
    const { arrived, send } = observed(path.connect());
    path.freeze(300);
    send('server', 1);
    await environment.advance(1_000);
    expect(arrived.client).toEqual(['0-1 at 300']);
  });

  test('closes one side of a half-open connection', async () => {
    const path = network.path();
    const { arrived, send } = observed(path.connect());
    path.halfOpen('client');
    send('server', 1);
    await environment.advance(1_000);
    expect(arrived).toEqual({ client: ['reset'], server: [] });
  });

  test('buffers the bytes of the server while the client does not read', async () => {
    const path = network.path();
    const connection = path.connect();
    const { arrived, send } = observed(connection);
    path.stopReading();
    send('server', 10);
    send('client', 20);
    await environment.settle();
    expect([arrived.client, arrived.server]).toEqual([[], ['0-20 at 0']]);
    expect(connection.down.buffered).toBe(10);
    path.restore();
    await environment.settle();
    expect([arrived.client, connection.down.buffered]).toEqual([['0-10 at 0'], 0]);
  });
});

describe('the network of all clients', () => {
  test('applies lasting conditions to later clients too', async () => {
    network.latency(30);
    network.upgrades('hang');
    network.http('unreachable');
    const path = network.path();
    const { arrived, send } = observed(path.connect());
    send('client', 1);
    await environment.advance(100);
    expect(arrived.server).toEqual(['0-1 at 30']);
    expect([path.upgradeMode, path.httpMode]).toEqual(['hang', 'unreachable']);
    network.restore();
    expect([path.upgradeMode, path.httpMode]).toEqual(['pass', 'pass']);
  });

  test('cuts one client without an effect on others', () => {
    const [one, other] = [network.path(), network.path()];
    one.connect();
    other.connect();
    one.cut();
    expect([one.connections.length, other.connections.length]).toEqual([0, 1]);
  });

  test('traces events with time and client', async () => {
    network.path().connect();
    const path = network.path();
    const { send } = observed(path.connect());
    path.latency(5);
    send('client', 3);
    await environment.advance(10);
    path.cut();
    expect(network.trace).toEqual(['0.000 0 connect', '0.000 1 connect', '5.000 1 up 3', '10.000 1 cut']);
  });
});
