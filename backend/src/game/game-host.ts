import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { battle, lobby, run } from '@statewire/arena';
import { RealtimeLeases, type HeldTopicLease, type RealtimeError } from '@statewire/nest';
import type { TopicReference } from '@statewire/protocol';

import { ARENA_CONFIG, type ArenaConfig } from '../config/arena-config.js';
import { ENVIRONMENT, type Environment } from '../environment.js';
import { GAME_ARCHIVE, type GameArchive, type SavedGame } from './game-archive.js';
import { GameAnswers } from './game-answers.js';
import { GameRequests, type GameRequest } from './game-requests.js';
import { gameIndex, inbox, type GameIndex } from './game-topics.js';
import { Game } from './game.js';
import { Publisher } from './publisher.js';
import { Ticker } from './ticker.js';

/** Milliseconds between two questions for the node that runs the game, while a node starts. */
const LOOK_PERIOD = 250;

/** Milliseconds for which a node that finds nothing to take over leaves the game to the node that ran it. */
const YIELD = 2_000;

/**
 * Runs the game on exactly one node of several. Another node takes it over from its topics, so that a deploy or a crash
 * ends no run. The game of the last node goes to the archive.
 */
@Injectable()
export class GameHost implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Arena');
  /** Empty: this node has not run the game yet. */
  #tenure = '';
  /** Whether another node ran the game when this one started. */
  #isSuccessor = false;
  #isEnding = false;
  #timer: ReturnType<Environment['setTimer']> | undefined;

  constructor(
    private readonly game: Game,
    private readonly ticker: Ticker,
    private readonly publisher: Publisher,
    private readonly answers: GameAnswers,
    private readonly requests: GameRequests,
    private readonly leases: RealtimeLeases,
    @Inject(GAME_ARCHIVE) private readonly archive: GameArchive,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(ARENA_CONFIG) private readonly config: Pick<ArenaConfig, 'broker'>,
  ) {}

  /** Resolves when the game runs on this node or on another one. */
  onApplicationBootstrap(): Promise<void> {
    return new Promise((resolve) => {
      void this.#hold(resolve);
      void this.#findOther(resolve);
    });
  }

  onModuleDestroy(): void {
    this.#isEnding = true;
    this.#timer?.cancel();
  }

  async #hold(onRunning: () => void): Promise<void> {
    let isYielding: boolean;
    do {
      isYielding = false;
      await this.leases.hold(gameIndex.with(), async (lease) => {
        isYielding = this.#isSuccessor && this.#tenure === '' && lease.value === undefined;
        this.#isSuccessor = false;
        if (!isYielding) await this.#run(lease, onRunning);
      });
      // The broker has lost the game, but the node that ran it has it in its memory.
      if (isYielding) await this.#pause(YIELD);
    } while (isYielding);
  }

  async #run(lease: HeldTopicLease<GameIndex>, onRunning: () => void): Promise<void> {
    const { signal, value } = lease;
    await this.#take(value, signal);
    if (!signal.aborted) {
      this.#tenure = this.environment.id();
      this.publisher.onChange = (topics) => void lease.publish({ tenure: this.#tenure, topics });
      this.publisher.onChange(this.publisher.topics);
      lease.onRequest(async (request) => (await this.answers.answer(request as unknown as GameRequest)) as never);
      this.ticker.start();
      if (this.config.broker) this.#logger.log('The game runs on this node.');
      this.#timer?.cancel();
      onRunning();
      await aborted(signal);
      this.ticker.stop();
      if (this.#isEnding) await this.#save();
    }
    this.publisher.onChange = () => undefined;
    await this.publisher.release();
  }

  /** Takes the newest state of the game: that of this node, of the topics or of the archive. */
  async #take(index: GameIndex | undefined, signal: AbortSignal): Promise<void> {
    if (this.#tenure !== '' && (index === undefined || index.tenure === this.#tenure)) {
      return this.game.restore(this.game.save(), 'memory');
    }
    try {
      if (index === undefined) return await this.archive.take((saved) => this.game.restore(saved));
      await this.game.restore(await this.#read(index), 'topics');
      // The game of the archive is older.
      await this.archive.take(() => Promise.resolve());
    } catch (error) {
      if (signal.aborted) return;
      this.#report('The game that was saved could not be taken up; a new one begins.', error);
    }
  }

  async #read({ topics }: GameIndex): Promise<SavedGame> {
    const [runs, battles, notifications] = await Promise.all([
      this.#values(topics, 'runs', (runId) => run.with({ runId })),
      this.#values(topics, 'battles', (battleId) => battle.with({ battleId })),
      this.#values(topics, 'players', (playerId) => inbox.with({ playerId })),
      this.publisher.takeOver(lobby.with()),
    ]);
    return {
      runs: runs.map(([, snapshot]) => ({ snapshot })),
      battles: battles.map(([, snapshot]) => ({ snapshot })),
      notifications,
    };
  }

  /** The values of the topics that begin with `kind`, each with the id in its name. */
  async #values<Value>(
    topics: readonly string[],
    kind: string,
    topicOf: (id: string) => TopicReference<Value>,
  ): Promise<readonly (readonly [id: string, value: Value])[]> {
    const ids = topics.map((name) => name.split('/')).flatMap(([first, id]) => (first === kind && id ? [id] : []));
    const found = ids.map(async (id) => [id, await this.publisher.takeOver(topicOf(id))] as const);
    return (await Promise.all(found)).flatMap(([id, value]) => (value === undefined ? [] : [[id, value] as const]));
  }

  async #save(): Promise<void> {
    try {
      await this.archive.save(this.game.save());
    } catch (error) {
      this.#report('The game could not be saved; it ends with this process.', error);
    }
  }

  /** Resolves when another node answers for the game. */
  async #findOther(onFound: () => void): Promise<void> {
    for (;;) {
      // A node that does not answer will be replaced, and the start need not wait for that.
      const answer = await this.requests.ask({ type: 'ping' }).catch((error: RealtimeError) => error.code);
      if (this.#tenure !== '' || this.#isEnding) return;
      if (answer !== 'unavailable') break;
      await this.#pause(LOOK_PERIOD);
    }
    this.#isSuccessor = true;
    onFound();
  }

  #pause(delay: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.environment.setTimer(resolve, delay);
    });
  }

  #report(problem: string, error: unknown): void {
    this.#logger.error(`${problem} ${error instanceof Error ? error.message : ''}`.trim());
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}
