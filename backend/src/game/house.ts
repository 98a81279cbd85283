import { Inject, Injectable } from '@nestjs/common';
import type { Offer, RunPlayer, RunSnapshot } from '@statewire/arena';

import { Random } from '../battle/random.js';
import { ENVIRONMENT, type Environment } from '../environment.js';
import { BattleService } from './battle.service.js';
import { GAME_OPTIONS, type GameOptions } from './game-options.js';
import { RunService } from './run.service.js';

const HOUSES = ['House of Owls', 'House of Thorns', 'House of Lanterns', 'House of Tides', 'House of Ash'];

/** Minimum number of runs of the house, and of battles to watch. */
const MIN_RUNS = 2;

/** Plays its own runs, so that visitors always have battles to watch. */
@Injectable()
export class House {
  readonly #random: Random;
  #started = 0;

  constructor(
    private readonly runs: RunService,
    private readonly battles: BattleService,
    @Inject(ENVIRONMENT) environment: Environment,
    @Inject(GAME_OPTIONS) private readonly options: GameOptions,
  ) {
    this.#random = new Random(Math.floor(environment.random() * 2 ** 32));
  }

  /** Starts missing runs, and makes the pending decisions of its own runs. */
  async turn(): Promise<void> {
    const unfinished = this.runs.snapshots.filter(({ phase }) => phase !== 'finished');
    const own = unfinished.filter(({ player }) => player.house);
    const moves = own.filter((run) => this.#isDue(run)).map((run) => this.#decide(run));
    if (own.length < MIN_RUNS || unfinished.length < this.options.watchable) moves.push(this.#start());
    await Promise.all(moves);
  }

  async #start(): Promise<void> {
    // Runs of the previous process are still in progress.
    const taken = this.runs.snapshots.map(({ player }) => player.playerId);
    while (taken.includes(`house-${this.#started + 1}`)) this.#started++;
    const number = this.#started++;
    const name = HOUSES[number % HOUSES.length] ?? 'House';
    const player: RunPlayer = { playerId: `house-${number + 1}`, name, house: true };
    await this.runs.start(player);
  }

  #isDue({ runId, phase }: RunSnapshot): boolean {
    if (phase === 'in-battle' || phase === 'finished') return false;
    const running = this.battles.snapshots.filter(({ status }) => status === 'running').length;
    return running < MIN_RUNS || this.runs.idleFor(runId) >= this.options.houseDelay;
  }

  async #decide(run: RunSnapshot): Promise<void> {
    if (run.phase === 'choosing') {
      await this.runs.chooseRoom(run.runId, this.#chooseRoom(run));
    } else {
      await this.runs.pickReward(run.runId, this.#chooseOffer(run)?.id);
    }
  }

  /** Chooses a rest room if the party is weak, otherwise any room. */
  #chooseRoom(run: RunSnapshot): string {
    const rest = run.rooms.find(({ id, kind }) => kind === 'rest' && run.choices.includes(id));
    return rest && health(run) < 60 ? rest.id : this.#random.pick(run.choices);
  }

  #chooseOffer(run: RunSnapshot): Offer | undefined {
    const wanted = run.offers.filter((offer) => offer.price <= run.gold && offer.kind !== unwanted(run));
    return wanted.length === 0 ? undefined : this.#random.pick(wanted);
  }
}

function unwanted(run: RunSnapshot): Offer['kind'] {
  return health(run) < 70 ? 'train' : 'heal';
}

/** Returns the remaining hit points in percent. */
function health({ party }: RunSnapshot): number {
  const sum = (stat: 'hp' | 'max_hp') => party.reduce((total, one) => total + one[stat], 0);
  return (sum('hp') * 100) / sum('max_hp');
}
