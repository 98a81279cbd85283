import { setTimeout as wait } from 'node:timers/promises';

import { freePort } from '@statewire/verification/servers';

import { ArenaNode } from './arena-node.js';
import { NameServer } from './name-server.js';
import type { ProxyTarget } from './proxy-process.js';

/** Addresses of the loopback network that stand for three containers. */
const ADDRESSES = ['127.0.59.1', '127.0.59.2', '127.0.59.3'];

/** Name of the service, as in the compose file. */
const HOST = 'backend';

/** Three game servers that share a broker, behind one name with three addresses. */
export class ArenaNodes {
  readonly nodes: ArenaNode[] = [];

  private constructor(
    private readonly names: NameServer,
    private readonly port: number,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** @param broker address of the server that the nodes share. */
  static async start(broker: string): Promise<ArenaNodes> {
    const env = {
      ARENA_BROKER: broker,
      ARENA_SECRET: 'the secret that all three nodes have',
      ARENA_DRAIN_SECONDS: '1',
      TRUSTED_PROXIES: 'loopback',
    };
    const nodes = new ArenaNodes(await NameServer.start(), await freePort(), env);
    await nodes.complete();
    return nodes;
  }

  /** The place of the servers, for a proxy. */
  get target(): ProxyTarget {
    return { host: HOST, port: this.port, nameServer: this.names.place };
  }

  /** Starts a server at each address that has none. */
  async complete(): Promise<void> {
    const free = ADDRESSES.filter((address) => !this.nodes.some((node) => node.address === address));
    this.nodes.push(...(await Promise.all(free.map((address) => ArenaNode.start(address, this.port, this.env)))));
    this.publishAddresses();
  }

  /** Takes a node away by `end`, as an orchestrator does: the name loses its address. */
  async remove<T>(node: ArenaNode, end: () => Promise<T>): Promise<T> {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    const ended = end();
    this.publishAddresses();
    return ended;
  }

  /** How many nodes have got this request since `clear`. */
  reachedBy(request: string): number {
    return this.nodes.filter(({ requests }) => requests.includes(request)).length;
  }

  /** Resolves when no WebSocket is open. */
  async withoutConnections(): Promise<void> {
    while (this.nodes.some(({ connections }) => connections > 0)) await wait(20);
  }

  /** Forgets all requests so far. */
  clear(): void {
    for (const { requests } of this.nodes) requests.length = 0;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.drain()));
    this.names.stop();
  }

  private publishAddresses(): void {
    this.names.addresses = this.nodes.map(({ address }) => address);
  }
}
