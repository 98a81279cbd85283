import { createRealtimeClient } from '@statewire/client';

import type { Token } from './contract.js';
import { ExplorerEnvironment } from './explorer-environment.js';
import { Network } from './network.js';
import { Page } from './page.js';
import { ServerNode, type ServerOptions } from './server-node.js';
import { Truth } from './truth.js';
import { Verdict } from './verdict.js';
import { WireOracle } from './wire-oracle.js';

export interface WorldOptions extends ServerOptions {
  /** What the page begins with. */
  readonly token: Token;
}

export const DEFAULT_WORLD: WorldOptions = {
  ...{ history: 2, softMark: 0, slowBroker: false, slowActions: false },
  token: 'wide',
};

/** After the last fault everything is true again within so many ms. */
const QUIESCENCE = 5_000;
const GLANCE = 50;

/** A client and a server, all that lies between them, and the oracles that watch: one history, from its beginning. */
export class World {
  readonly environment = new ExplorerEnvironment();
  readonly verdict = new Verdict();
  readonly truth: Truth;
  readonly server: ServerNode;
  readonly network: Network;
  readonly page: Page;
  readonly oracle: WireOracle;

  constructor(options: Partial<WorldOptions> = {}) {
    const { environment, verdict } = this;
    const filled = { ...DEFAULT_WORLD, ...options };
    this.truth = new Truth(filled.history);
    this.server = new ServerNode(environment, this.truth, verdict, filled);
    this.oracle = new WireOracle(this.truth, verdict, () => this.page);
    this.network = new Network(this.server, this.oracle);
    environment.openWebSocket = this.network.openWebSocket;
    environment.fetch = this.network.fetch;
    const client = createRealtimeClient({
      origin: 'http://explorer',
      environment,
      lingerMs: 0,
      token: () => this.page.token,
    });
    this.page = new Page(client, this.truth, verdict, filled.token, this.server.application.effects);
  }

  /** Delivers everything, and lets time pass where that is what is missing. */
  async calm(): Promise<void> {
    const deadline = this.environment.monotonic() + QUIESCENCE;
    for (;;) {
      if (this.deliverNext()) await this.environment.settle();
      else if (this.isCalm() || this.environment.monotonic() >= deadline) return;
      else await this.environment.advance(GLANCE);
    }
  }

  /** Ends the history: everything becomes true, stays true when it moves on, and nothing is left when all have left. */
  async finish(): Promise<readonly string[]> {
    const { environment, network, page, server, verdict } = this;
    await this.calm();
    // What was lost on a way that is taken for reliable shows with what comes next.
    if (!server.broker.hasLost && network.current?.hasLost !== true) this.check();
    if (verdict.complaints.length > 0) return verdict.complaints;
    server.broker.losesNext = false;
    await server.application.publishBoard();
    await server.application.publishNotice();
    await environment.settle();
    await this.calm();
    this.check();
    page.client.close();
    await environment.settle();
    while (this.deliverNext()) await environment.settle();
    for (const wire of network.former) wire.lose();
    for (const [what, count] of Object.entries(await server.leftovers())) {
      verdict.demand(count === 0, () => `${count} ${what} are left when all have left`);
    }
    verdict.demand(environment.wakeListeners === 0, () => 'the client still listens for the network');
    return verdict.complaints;
  }

  private isCalm(): boolean {
    const { state } = this.page.client.status;
    return ['live', 'idle', 'denied'].includes(state) && this.page.problems().length === 0;
  }

  private check(): void {
    const { network, oracle, page, server, verdict } = this;
    for (const problem of page.problems()) verdict.complain(problem);
    page.checkActions(server.application.runs);
    if (network.current) oracle.checkComplete(network.current);
  }

  private deliverNext(): boolean {
    const { broker, application } = this.server;
    const { actions, current, former, polls } = this.network;
    const arrive = broker.answers.shift()?.arrive ?? application.running.shift()?.finish;
    if (arrive) return call(arrive);
    const late = former.find((wire) => wire.canGoUp);
    if (late) return call(() => late.deliverUp());
    if (current?.canGoUp) return call(() => current.deliverUp());
    if (current?.canGoDown) return call(() => current.deliverDown());
    for (const wire of [...polls, ...actions]) {
      if (wire.state === 'asked') return call(() => wire.arrive());
      if (wire.state === 'answered') return call(() => wire.deliver());
    }
    return false;
  }
}

function call(work: () => void): true {
  work();
  return true;
}
