import type { BattleModel } from './battle-model.js';
import type { Traffic } from './validation.js';

export interface SmallEvent {
  readonly sequence: number;
  /** When it was due, for latency: milliseconds of a clock that all processes of this machine share. */
  readonly sentAt: number;
  readonly text: string;
}

/** One way of pushing values, in a process of its own. */
export interface BenchServer {
  readonly port: number;
  /** Sends the events of one tick to all clients. */
  publishEvents(events: readonly SmallEvent[]): void;
  /** Sends the state to all clients. */
  publishBattle?(value: BattleModel): unknown;
  /** Publishes to a topic of its own. */
  publishRoom?(room: number, value: SmallEvent): void;
  /** Bytes that were written to all sockets since the start. */
  bytesWritten(): number;
  /** Ends all connections at once, without a goodbye. */
  cut?(): void;
  /** Bytes that wait for slow readers. */
  readonly backlog?: () => number;
}

export interface StartOptions {
  /** URL of the Redis server through which several nodes share their topics. */
  readonly redisUrl?: string;
  /** The limits for the frames of a connection stay on. */
  readonly hasFrameLimits?: boolean;
}

interface EventBurst {
  readonly ticks: number;
  readonly perTick: number;
  readonly intervalMs: number;
  /** Characters of the text of an event. */
  readonly textLength: number;
}

/** Bytes of a battle as JSON, about 500, 5,500 and 50,000. */
export type BattleSize = '0.5 KB' | '5.5 KB' | '50 KB';

interface BattleBurst {
  readonly ticks: number;
  readonly intervalMs: number;
  /** Default: 5.5 KB. */
  readonly size?: BattleSize;
}

/** Use of the process since its start. */
interface ServerUsage {
  /** CPU in µs. */
  readonly user: number;
  readonly system: number;
  readonly bytesWritten: number;
}

/** The calls of the driver to a server. */
export interface ServerRole {
  port(): number;
  /** Resolves after the last tick, with what one client gets. */
  publishEvents(burst: EventBurst): Promise<Pick<Traffic, 'messages'>>;
  publishBattle?(burst: BattleBurst): Promise<Pick<Traffic, 'messages'>>;
  /** CPU of one `JSON.stringify` of a battle, in µs. */
  stringifyCost?(size: BattleSize): number;
  /** Publishes `each` times to each of `rooms` topics. */
  publishRooms?(burst: {
    readonly rooms: number;
    readonly each: number;
    readonly textLength: number;
  }): Promise<Pick<Traffic, 'messages'>>;
  usage(): ServerUsage;
  /** Bytes of memory, after a garbage collection. */
  memory?(): number;
  cut?(): void;
  /** The largest backlog since the last call, in bytes. */
  backlog?(): number;
}
