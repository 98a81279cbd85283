import { Injectable, UseGuards, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeError,
  RealtimeHandlers,
  RealtimeModule,
  TopicParams,
  type Identity,
  type RealtimeRequest,
} from '@statewire/nest';
import type { SimulationOptions } from '@statewire/testing-nest';
import { action, eventTopic, stateTopic, type Position } from '@statewire/protocol';

/** A unique value that a test can check alone: `n` determines all its fields. */
export interface Board {
  readonly n: number;
  readonly rows: readonly { readonly id: number; readonly score: number }[];
  readonly text: string;
  /** Keys of actions with a visible optimistic update. The server's value has none. */
  readonly marks?: readonly string[];
}

export const board = stateTopic<Board>()('boards/:boardId');
export const purse = stateTopic<number>()('players/:playerId/purse');
export const news = eventTopic<number>()('news');
/** Advances a board and returns the number of runs, or rejects. */
export const count = action<CountData, number>('count');

export interface CountData {
  readonly key: string;
  readonly boardId: BoardId;
  readonly isFailing: boolean;
  /** Milliseconds before the board advances, and milliseconds after. */
  readonly takes: readonly [before: number, after: number];
}

export const BOARDS = ['a', 'b'] as const;
export type BoardId = (typeof BOARDS)[number];

/** Maximum publications in the history of a topic. */
export const HISTORY = 20;

const ROWS = 6;

export function boardAt(n: number): Board {
  const rows = Array.from({ length: ROWS - (n % 3) }, (_, id) => ({ id, score: (n * (id + 1)) % 7 }));
  return { n, rows, text: `board ${'.'.repeat(n % 5)}${n}` };
}

/** State that outlives every crash, like a database. The oracle compares the clients with it. */
export class World {
  readonly boards: Record<BoardId, number> = { a: 1, b: 1 };
  /** Values by topic and position, as the bus assigned them. */
  readonly published = new Map<string, number>();
  /** Events published so far. */
  news = 0;
  /** Creation time of each value of a board in virtual ms, by its `n`. */
  readonly born: Record<BoardId, number[]> = { a: [0, 0], b: [0, 0] };
  /** Position of the board after each effect of an action. */
  readonly effects = new Map<string, Position[]>();
  private readonly permissions = new Map<string, ReadonlySet<BoardId>>();
  /** Whether a clock jumped, so that a history may seem older than it is. */
  isAgeWrong = false;

  constructor(
    readonly monotonic: () => number,
    /** Resolves after the given ms of the current process; never, if the process dies before. */
    readonly pass: (ms: number) => Promise<void>,
  ) {}

  /** Boards that the user may see now. A connection has the permissions of its last `authenticate`. */
  permissionsOf(name: string): ReadonlySet<BoardId> {
    return this.permissions.get(name) ?? new Set(BOARDS);
  }

  setPermissions(name: string, boards: Iterable<BoardId>): void {
    this.permissions.set(name, new Set(boards));
  }
}

interface Reader {
  readonly name: string;
  readonly boards: ReadonlySet<BoardId>;
}

@Injectable()
class OwnPurse implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, params } = context.getArgByIndex<RealtimeRequest>(0);
    return (user as Reader).name === params.playerId;
  }
}

@Injectable()
class MayRead implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, params } = context.getArgByIndex<RealtimeRequest>(0);
    return (user as Reader).boards.has(params.boardId as BoardId);
  }
}

@RealtimeHandlers()
class Handlers {
  constructor(
    private readonly world: World,
    private readonly bus: RealtimeBus,
  ) {}

  @OnTopic(board)
  @UseGuards(MayRead)
  board(@TopicParams() { boardId }: { boardId: string }): Board {
    return boardAt(this.world.boards[boardId as BoardId]);
  }

  @OnTopic(purse)
  @UseGuards(OwnPurse)
  purse(): number {
    return 10;
  }

  @OnTopic(news)
  news(): void {}

  @OnAction(count)
  async count(@ActionData() { key, boardId, isFailing, takes: [before, after] }: CountData): Promise<number> {
    if (before > 0) await this.world.pass(before);
    if (isFailing) throw new RealtimeError('action_failed', 'Not now.');
    const effects = this.world.effects.get(key) ?? [];
    this.world.effects.set(key, effects);
    const times = effects.length + 1;
    effects.push(await advanceBoard(this.world, this.bus, boardId));
    if (after > 0) await this.world.pass(after);
    return times;
  }
}

export async function advanceBoard(world: World, bus: RealtimeBus, boardId: BoardId): Promise<Position> {
  const n = (world.boards[boardId] += 1);
  world.born[boardId][n] = world.monotonic();
  const { epoch, offset } = await bus.publish(board.with({ boardId }), boardAt(n));
  world.published.set(`${boardId} ${epoch} ${offset}`, n);
  return { epoch, offset };
}

export async function publishNews(world: World, bus: RealtimeBus): Promise<void> {
  world.news += 1;
  await bus.publish(news.with(), world.news);
}

/** The application. Its state is in the world, so that it outlives restarts. */
export function application(world: World): SimulationOptions {
  return {
    imports: [
      RealtimeModule.forRoot({
        authenticate: (_, token): Identity => {
          const name = token.split(':')[0]!;
          const user: Reader = { name, boards: world.permissionsOf(name) };
          return { id: name, user };
        },
        heartbeat: { intervalMs: 2_000, timeoutMs: 1_000 },
        polling: { intervalMs: 1_000 },
        history: { count: HISTORY, bytes: 1_000_000, ageMs: 300_000 },
        drain: { windowMs: 400, batch: 100 },
        limits: {
          frames: { perSecond: 0 },
          outbox: { softMarkBytes: 2_000, hardMarkBytes: 100_000 },
          timeouts: { stalledMs: 4_000 },
        },
      }),
    ],
    providers: [{ provide: World as Type<World>, useValue: world }, Handlers, OwnPurse],
  };
}
