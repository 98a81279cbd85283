import { Inject, Injectable } from '@nestjs/common';
import { run, type BattleSnapshot, type RunPlayer, type RunProgress, type RunSnapshot } from '@statewire/arena';

import { ENVIRONMENT, type Environment } from '../environment.js';
import { RuleError } from '../run/rule-error.js';
import {
  applyBattle,
  chooseRoom,
  createRun,
  currentBattle,
  finishRun,
  leaveRoom,
  pickOffer,
  type BattleOrder,
} from '../run/run-machine.js';
import type { RunState } from '../run/run-state.js';
import { BattleService } from './battle.service.js';
import type { GameOrigin } from './game-archive.js';
import { GAME_OPTIONS, type GameOptions } from './game-options.js';
import { NotificationService } from './notification.service.js';
import { Publisher } from './publisher.js';

interface LiveRun {
  readonly state: RunState;
  /** Monotonic time of the player's last action or of the last decided battle. */
  readonly movedAt: number;
}

/** The runs of the game and their topics. */
@Injectable()
export class RunService {
  readonly #runs = new Map<string, LiveRun>();

  constructor(
    private readonly battles: BattleService,
    private readonly notifications: NotificationService,
    private readonly publisher: Publisher,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(GAME_OPTIONS) private readonly options: GameOptions,
  ) {}

  /** Newest last. */
  get snapshots(): readonly RunSnapshot[] {
    return [...this.#runs.values()].map(({ state }) => state.snapshot);
  }

  get states(): readonly RunState[] {
    return [...this.#runs.values()].map(({ state }) => state);
  }

  /** Continues from the state of another process. The downtime does not count as idle time. */
  async restore(states: readonly RunState[], origin: GameOrigin): Promise<void> {
    this.#runs.clear();
    if (origin === 'topics') for (const state of states) this.#set(state);
    else await Promise.all(states.map((state) => this.#move(state)));
  }

  /** Starts the battles that runs are in, but that were never published. */
  startMissingBattles(): readonly Promise<void>[] {
    return this.states.flatMap((state) => {
      const { battleId } = state.snapshot;
      const order = currentBattle(state, this.options.foeHealthFactor);
      const isMissing = order && battleId !== null && this.battles.snapshot(battleId) === undefined;
      return isMissing ? [this.#startBattle(state, order)] : [];
    });
  }

  snapshot(runId: string): RunSnapshot | undefined {
    return this.#runs.get(runId)?.state.snapshot;
  }

  /** Milliseconds since the last decision in the run. */
  idleFor(runId: string): number {
    return this.environment.monotonic() - (this.#runs.get(runId)?.movedAt ?? 0);
  }

  /** @throws RuleError if the maximum number of runs exists. */
  async start(player: RunPlayer): Promise<RunProgress> {
    const givenUp = this.#unfinishedOf(player.playerId).map(({ runId }) => this.giveUp(runId));
    if (this.#runs.size >= this.options.maxRuns) throw new RuleError('The Arena is full. Try again in a minute.');
    const { environment, options } = this;
    const state = createRun({
      runId: shortId(environment),
      player,
      startedAt: environment.now(),
      seed: Math.floor(environment.random() * 2 ** 32),
      healthFactor: options.partyHealthFactor,
    });
    await Promise.all([...givenUp, this.#move(state), this.notifications.runStarted(state.snapshot)]);
    return progress(state);
  }

  async chooseRoom(runId: string, roomId: string): Promise<RunProgress> {
    const before = this.#get(runId);
    const { state, order } = chooseRoom(before, roomId, shortId(this.environment), this.options.foeHealthFactor);
    await Promise.all([this.#move(state), order && this.#startBattle(state, order)]);
    return progress(state);
  }

  /** Accepts an offer. Without an offer, leaves the room. */
  async pickReward(runId: string, offerId?: string): Promise<RunProgress> {
    const before = this.#get(runId);
    const state = offerId === undefined ? leaveRoom(before) : pickOffer(before, offerId);
    const picked = before.snapshot.offers.find(({ id }) => id === offerId);
    await Promise.all([this.#move(state), picked && this.notifications.picked(state.snapshot, picked)]);
    return progress(state);
  }

  /** Applies a decided battle to its run. */
  async settle(decided: BattleSnapshot): Promise<void> {
    const live = this.#runs.get(decided.runId);
    if (!live) return;
    const state = applyBattle(live.state, decided, this.environment.now());
    if (state === live.state) return;
    await Promise.all([this.#move(state), this.notifications.settled(live.state.snapshot, state.snapshot, decided)]);
  }

  async giveUp(runId: string): Promise<void> {
    const { phase, battleId } = this.#get(runId).snapshot;
    const state = finishRun(this.#get(runId), 'lost', this.environment.now());
    const battle = phase === 'in-battle' && battleId ? this.battles.remove(battleId) : undefined;
    await Promise.all([this.#move(state), battle, this.notifications.gaveUp(state.snapshot)]);
  }

  async remove(runId: string): Promise<void> {
    if (this.#runs.delete(runId)) await this.publisher.close(run.with({ runId }));
  }

  #unfinishedOf(playerId: string): readonly RunSnapshot[] {
    return this.snapshots.filter(({ player, phase }) => player.playerId === playerId && phase !== 'finished');
  }

  #get(runId: string): RunState {
    const live = this.#runs.get(runId);
    if (!live) throw new RuleError('This run is over.');
    return live.state;
  }

  #startBattle({ snapshot }: RunState, { foes, room }: BattleOrder): Promise<void> {
    const { battleId, party, player, runId } = snapshot;
    const about = { runId, roomId: room.id, title: room.name, playerName: player.name };
    return this.battles.start({ ...about, battleId: battleId ?? '', party, foes });
  }

  async #move(state: RunState): Promise<void> {
    const { runId } = state.snapshot;
    const topic = run.with({ runId });
    this.#set(state);
    await this.publisher.publish(topic, state.snapshot);
  }

  #set(state: RunState): void {
    this.#runs.set(state.snapshot.runId, { state, movedAt: this.environment.monotonic() });
  }
}

function progress({ snapshot: { runId, phase, battleId } }: RunState): RunProgress {
  return { runId, phase, battleId };
}

/** Everyone may watch, so ids must be unique but not secret. Short ids are more readable in a URL. */
function shortId(environment: Environment): string {
  return environment.id().slice(0, 12);
}
