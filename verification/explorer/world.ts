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
  /** The topics and transports at the start of the page. */
  readonly token: Token;
}

const DEFAULT_WORLD: WorldOptions = {
  ...{ history: 2, softMark: 0, slowBroker: false, slowActions: false },
  token: 'wide',
};

/** Milliseconds after the last fault within which every value must be current. */
const QUIESCENCE = 5_000;
const GLANCE = 50;

/** One history: a client, a server, the network between them, and the oracles. */
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
    this.page = new Page(client, this.truth, verdict, filled.token, this.server.application.effects, environment);
  }

  /** Delivers all messages, and advances the time if only timers are left. */
  async calm(): Promise<void> {
    const deadline = this.environment.monotonic() + QUIESCENCE;
    if (this.page.isHidden) this.page.show();
    await this.server.broker.comeBack();
    for (;;) {
      if (this.deliverNext()) await this.environment.settle();
      else if (this.isCalm() || this.environment.monotonic() >= deadline) return;
      else await this.environment.advance(GLANCE);
    }
  }

  /** Ends the history: all values become current, one more publication arrives, and after close nothing is held. */
  async finish(): Promise<readonly string[]> {
    const { environment, network, page, server, verdict } = this;
    await this.calm();
    // A message lost on a reliable path is noticed only with the next message.
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
