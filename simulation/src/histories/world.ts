import { Injectable, UseGuards, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeHandlers,
  RealtimeModule,
  TopicParams,
  type Identity,
  type RealtimeRequest,
} from '@statewire/nest';
import type { SimulationOptions } from '@statewire/nest/testing';
import { action, eventTopic, stateTopic } from '@statewire/protocol';

/** A value that can be told from every other, and checked by itself: everything in it follows from `n`. */
export interface Board {
  readonly n: number;
  readonly rows: readonly { readonly id: number; readonly score: number }[];
  readonly text: string;
}

export const board = stateTopic<Board>()('boards/:boardId');
export const purse = stateTopic<number>()('players/:playerId/purse');
export const news = eventTopic<number>()('news');
export const count = action<{ key: string }, number>('count');

export const BOARDS = ['a', 'b'] as const;
export type BoardId = (typeof BOARDS)[number];

const ROWS = 6;

export function boardAt(n: number): Board {
  const rows = Array.from({ length: ROWS - (n % 3) }, (_, id) => ({ id, score: (n * (id + 1)) % 7 }));
  return { n, rows, text: `board ${'.'.repeat(n % 5)}${n}` };
}

/** What outlives every crash, as a database does, and what the oracle holds the clients against. */
export class World {
  readonly boards: Record<BoardId, number> = { a: 1, b: 1 };
  /** Values by topic and position, as the bus gave them out. */
  readonly published = new Map<string, number>();
  /** Events published so far. */
  news = 0;
  /** How often each action took effect. */
  readonly counts = new Map<string, number>();
  /** Processes that died, whose memory of actions died with them. */
  losses = 0;
}

@Injectable()
class OwnPurse implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, params } = context.getArgByIndex<RealtimeRequest>(0);
    return user === params.playerId;
  }
}

@RealtimeHandlers()
class Handlers {
  constructor(
    private readonly world: World,
    private readonly bus: RealtimeBus,
  ) {}

  @OnTopic(board)
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
  async count(@ActionData() { key }: { key: string }): Promise<number> {
    const times = (this.world.counts.get(key) ?? 0) + 1;
    this.world.counts.set(key, times);
    await advanceBoard(this.world, this.bus, 'a');
    return times;
  }
}

export async function advanceBoard(world: World, bus: RealtimeBus, boardId: BoardId): Promise<void> {
  const n = (world.boards[boardId] += 1);
  const { epoch, offset } = await bus.publish(board.with({ boardId }), boardAt(n));
  world.published.set(`${boardId} ${epoch} ${offset}`, n);
}

export async function publishNews(world: World, bus: RealtimeBus): Promise<void> {
  world.news += 1;
  await bus.publish(news.with(), world.news);
}

/** The application: its state is the world's, so that restarts find it again. */
export function application(world: World): SimulationOptions {
  return {
    imports: [
      RealtimeModule.forRoot({
        authenticate: (_, token): Identity => ({ id: token.split(':')[0]!, user: token.split(':')[0]! }),
        heartbeat: { interval: 2_000, timeout: 1_000 },
        polling: { interval: 1_000 },
        history: { count: 20, bytes: 1_000_000, age: 300_000 },
        drain: { window: 400, batch: 100 },
        limits: { framesPerSecond: 0, outboxSoftMark: 2_000, outboxHardMark: 100_000, stalledTimeout: 4_000 },
      }),
    ],
    providers: [{ provide: World as Type<World>, useValue: world }, Handlers, OwnPurse],
  };
}
