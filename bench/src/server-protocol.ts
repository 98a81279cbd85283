import type { BattleModel } from './battle-model.js';

/** Messages of the driver to a server process. */
export type Command =
  /** Publish the battle `hz` times a second for `duration` ms. */
  | { readonly type: 'publish-battle'; readonly hz: number; readonly duration: number }
  /** Publish `perTick` small events in each of `ticks` ticks, `interval` ms apart. */
  | { readonly type: 'publish-events'; readonly ticks: number; readonly perTick: number; readonly interval: number }
  | { readonly type: 'usage' }
  | { readonly type: 'stop' };

/** Answers of a server process. */
export type Reply =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'done' }
  | { readonly type: 'usage'; readonly user: number; readonly system: number; readonly memory: number };

export interface SmallEvent {
  readonly sequence: number;
  readonly sentAt: number;
  readonly text: string;
}

/** One way of pushing values, started in a process of its own. */
export interface BenchServer {
  readonly port: number;
  publishBattle(value: BattleModel): unknown;
  publishEvent(value: SmallEvent): void;
  close(): Promise<void>;
}
