import type { NestExpressApplication } from '@nestjs/platform-express';
import { chooseRoom, run, startRun, type Session } from '@statewire/arena';
import type { SimulatedClient, Simulation, SimulationOptions } from '@statewire/testing-nest';

import { AppModule } from '../../src/app.module.js';
import { readConfig } from '../../src/config/arena-config.js';
import { configureArena } from '../../src/create-arena.js';
import { ENVIRONMENT, systemEnvironment } from '../../src/environment.js';
import { GAME_ARCHIVE, type GameArchive, type SavedGame } from '../../src/game/game-archive.js';
import { DEFAULT_GAME_OPTIONS, type GameOptions } from '../../src/game/game-options.js';

/** The whole Arena for `simulate`, as `main.ts` starts it. It saves its game to memory. */
export function arena(env: Readonly<Record<string, string>> = {}, game: Partial<GameOptions> = {}): SimulationOptions {
  const config = readConfig({ ARENA_CLIENT_DIR: '/nowhere', ...env });
  const archive = new MemoryArchive();
  return {
    imports: [AppModule.forRoot(config, systemEnvironment, { ...DEFAULT_GAME_OPTIONS, ...game })],
    configure: (app) => configureArena(app as NestExpressApplication),
    override: (builder, environment) =>
      builder.overrideProvider(ENVIRONMENT).useValue(environment).overrideProvider(GAME_ARCHIVE).useValue(archive),
  };
}

class MemoryArchive implements GameArchive {
  private text: string | undefined;

  async take(restore: (game: SavedGame) => Promise<void>): Promise<void> {
    const { text } = this;
    this.text = undefined;
    if (text !== undefined) await restore(JSON.parse(text) as SavedGame);
  }

  async save(game: SavedGame): Promise<void> {
    this.text = JSON.stringify(game);
  }
}

/** A player with a page that renews the session. */
export class Player {
  readonly client: SimulatedClient;
  /** The reasons of the requests for tokens, in order. */
  readonly asked: string[] = [];

  private constructor(
    private readonly simulation: Simulation,
    private session: Session,
  ) {
    this.client = simulation.connect({
      token: async (reason) => {
        this.asked.push(reason);
        if (reason === 'expired') await this.renew();
        return this.session.token;
      },
    });
  }

  static async join(simulation: Simulation, name: string): Promise<Player> {
    const request = post({ name });
    const response = await simulation.outcome(simulation.connect().fetch('/api/session', request));
    return new Player(simulation, (await response.json()) as Session);
  }

  /** Another page of the same player. */
  anotherPage(): Player {
    return new Player(this.simulation, this.session);
  }

  get id(): string {
    return this.session.playerId;
  }

  get token(): string {
    return this.session.token;
  }

  /** Starts a run and enters its first room, which is always a battle. */
  async startBattle(): Promise<{ readonly runId: string; readonly battleId: string }> {
    const { runId } = await this.client.act(startRun, {});
    const map = this.client.watch(run.with({ runId }));
    await map.shows(({ phase }) => phase === 'choosing');
    const { choices } = map.value!;
    const { battleId } = await this.client.act(chooseRoom, { runId, roomId: choices[0]! });
    return { runId, battleId: battleId! };
  }

  private async renew(): Promise<void> {
    const headers = { Authorization: `Bearer ${this.session.token}` };
    const response = await this.client.fetch('/api/session/refresh', { method: 'POST', headers });
    if (!response.ok) throw new Error(`The session was not renewed: ${response.status}.`);
    this.session = (await response.json()) as Session;
  }
}

function post(body: object): RequestInit {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}
