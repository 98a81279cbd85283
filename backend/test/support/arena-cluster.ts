import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';

import { REALTIME_OPTIONS_OVERRIDE, RealtimeBus, type RealtimeModuleOptions } from '@statewire/nest';
import { VirtualEnvironment, type VirtualProcess } from '@statewire/testing';
import { DistantBroker, type DistantNode } from '@statewire/testing-nest';
import type { TopicReference } from '@statewire/protocol';

import { AppModule } from '../../src/app.module.js';
import { readConfig } from '../../src/config/arena-config.js';
import { ENVIRONMENT, systemEnvironment } from '../../src/environment.js';
import { GAME_ARCHIVE, type GameArchive, type SavedGame } from '../../src/game/game-archive.js';
import { DEFAULT_GAME_OPTIONS, type GameOptions } from '../../src/game/game-options.js';
import { GameRequests, type GameRequest } from '../../src/game/game-requests.js';
import { Game } from '../../src/game/game.js';
import { StateService } from '../../src/state/state.service.js';

/** Milliseconds from a node to the broker. */
const LATENCY = 2;

/** One process of the Arena. */
export class ArenaNode {
  /** Virtual times of the turns of this node. */
  readonly turns: number[] = [];

  constructor(
    private readonly cluster: ArenaCluster,
    readonly app: INestApplication,
    readonly process: VirtualProcess,
    readonly broker: DistantNode,
  ) {
    const game = app.get(Game);
    const turn = game.turn.bind(game);
    game.turn = () => {
      this.turns.push(cluster.environment.monotonic());
      return turn();
    };
  }

  ask<Result>(request: GameRequest): Promise<Result> {
    return this.cluster.during(this.app.get(GameRequests).ask<Result>(request));
  }

  state(playerId?: string) {
    return this.cluster.during(this.app.get(StateService).compose(playerId));
  }

  /** The values of a topic as this node sees them, from now on. */
  watch<Value>(topic: TopicReference<Value>): Value[] {
    const values: Value[] = [];
    this.app
      .get(RealtimeBus)
      .stream(topic)
      .subscribe({ next: (value) => values.push(value), error: () => undefined });
    return values;
  }

  /** Ends the process without a word. */
  crash(): void {
    this.cluster.broker.crash(this.broker);
    this.process.kill();
  }

  /** Ends the process as SIGTERM does. */
  async deploy(): Promise<void> {
    await this.cluster.during(this.app.close());
  }
}

/** Several processes of the Arena on one broker, on virtual time. */
export class ArenaCluster {
  readonly environment = new VirtualEnvironment({ quietTurns: 3 });
  readonly broker = new DistantBroker({ environment: this.environment.fork(), latency: LATENCY });
  readonly archives: SavedGame[] = [];
  readonly nodes: ArenaNode[] = [];

  constructor(private readonly game: Partial<GameOptions> = {}) {}

  /** Starts a process. */
  async start(): Promise<ArenaNode> {
    const process = this.environment.fork();
    const config = readConfig({ ARENA_CLIENT_DIR: '/nowhere', ARENA_DRAIN_SECONDS: '0' });
    let broker!: DistantNode;
    const connect: RealtimeModuleOptions['broker'] = (context) => (broker = this.broker.connect(context));
    const module = Test.createTestingModule({
      imports: [AppModule.forRoot(config, systemEnvironment, { ...DEFAULT_GAME_OPTIONS, ...this.game })],
    });
    module.setLogger(SILENT);
    module
      .overrideProvider(REALTIME_OPTIONS_OVERRIDE)
      .useValue((given: RealtimeModuleOptions) => ({ ...given, environment: process, broker: connect }));
    module.overrideProvider(ENVIRONMENT).useValue(process);
    module.overrideProvider(GAME_ARCHIVE).useValue(this.#archive());
    const compiled = await this.during(module.compile());
    const app = compiled.createNestApplication();
    const node = new ArenaNode(this, app, process, broker);
    this.nodes.push(node);
    await this.during(app.init());
    return node;
  }

  /** Advances the virtual time until the work is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    work.then(settle, settle);
    await this.environment.until(() => isSettled, 60_000);
    return work;
  }

  async dispose(): Promise<void> {
    await this.broker.dispose();
    for (const { process } of this.nodes) process.kill();
  }

  #archive(): GameArchive {
    return {
      take: async (restore) => {
        const game = this.archives.pop();
        if (game !== undefined) await restore(game);
      },
      save: async (game) => void this.archives.push(JSON.parse(JSON.stringify(game)) as SavedGame),
    };
  }
}

const SILENT = { log() {}, error() {}, warn() {}, debug() {}, verbose() {} };
