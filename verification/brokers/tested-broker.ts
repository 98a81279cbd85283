import type { BrokerContext, BrokerFactory } from '@statewire/nest';

import type { Machine } from '../servers/network.js';
import type { TestNode } from './test-node.js';

/** A server that a test starts, breaks and ends. */
export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Starts the process again, with the data that it kept. */
  start(): Promise<void>;
  /** Stops the process so that it answers nothing, with its sockets open. */
  freeze(): void;
  thaw(): void;
  /** Ends the process at once. */
  kill(): Promise<void>;
  dispose(): Promise<void>;
}

/** The machine of a server, and the address at which this host reaches it. */
interface Place {
  readonly machine: Machine;
  readonly host: string;
}

/** A server that takes over from another one. */
interface Replica<Server extends TestServer> {
  readonly server: Server;
  /** Waits until it has all that the other server has. From then on it gets nothing more. */
  detach(): Promise<void>;
  /** Makes it a server that nodes can use. */
  promote(): Promise<void>;
  /** Makes the other server one that nodes cannot use any more. `host` is the address of the replica on the other machine. */
  demoteOther(host?: string): Promise<void>;
}

/** The options that all brokers have. Durations are in milliseconds. */
interface NodeOptions {
  readonly leaseTtlMs?: number;
  readonly nodeTtlMs?: number;
  readonly startTimeoutMs?: number;
  readonly maxPending?: { readonly count?: number };
}

/** The nodes that follow a topic or wait for a claim, or one node. */
type Receivers = { readonly topic: string } | { readonly claim: string } | { readonly node: string };

/** A kind of broker, and what a test may do to its servers. */
export interface TestedBroker<Server extends TestServer = TestServer> {
  readonly name: string;
  /** Why no server can be started here. Undefined: one can. */
  readonly skipReason: string | undefined;
  /** Ways in which an operator wipes a server. The first one takes all values away. */
  readonly wipes: readonly (readonly [name: string, wipe: (server: Server) => Promise<unknown>])[];
  /** Whether a replica has the values of topics. Otherwise their histories start over on it. */
  readonly replicaHasValues: boolean;
  /** The message of a start that reaches no server within a second. */
  readonly unreachable: RegExp;
  /** The script of a node of its own process, which calls `startRollingNode` with the broker at `BROKER_URL`. */
  readonly nodeScript: string;

  startServer(place?: Place): Promise<Server>;
  /** @param place with the address of the other server on the machine. */
  startReplica(other: Server, place?: Place & { readonly otherHost: string }): Promise<Replica<Server>>;
  /** Starts a node that reaches the server of an address through a proxy of its own. */
  startNode(url: string, options?: NodeOptions, context?: Partial<BrokerContext>): Promise<TestNode>;
  /** The broker as an application names it. */
  create(url: string, options?: NodeOptions): BrokerFactory;
  /** Sends the nodes a message about a topic or a claim, or one node a message. Resolves when a node has got it. */
  tell(server: Server, to: Receivers, message: string): Promise<void>;
  /** The clock of the server, in milliseconds. */
  now(server: Server): Promise<number>;
}
