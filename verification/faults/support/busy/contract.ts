import { action, eventTopic, stateTopic } from '@statewire/protocol';
import { isDeepStrictEqual } from 'node:util';

export interface Field {
  readonly id: string;
  readonly tick: number;
  readonly padding?: string;
  readonly units: readonly { readonly name: string; readonly hp: number; readonly marks?: readonly number[] }[];
}

export interface LogEntry {
  readonly id: string;
  readonly tick: number;
}

export interface Work {
  /** The work of an action. It must run once, even if the client sends it many times. */
  readonly key: string;
  /** Duration in milliseconds. */
  readonly takes?: number;
  /** Whether it waits for `World.release`. */
  readonly waits?: boolean;
}

export const field = stateTopic<Field>()('fields/:id');
export const log = eventTopic<LogEntry>()('logs/:id');
export const work = action<Work, string>('work');
/** Stops the event loop of the server for this number of milliseconds. */
export const block = action<{ readonly milliseconds: number }, void>('block');

/** The field with about 100 KiB of new data in each tick. */
export const HEAVY = 'heavy';

/** Computes the value of a field from its tick, so that a test can detect a wrong value. */
export function fieldAt(id: string, tick: number): Field {
  const units = Array.from({ length: 1 + (tick % 7) }, (_, unit) => ({
    name: `unit ${(unit * 3 + Math.floor(tick / 5)) % 11}`,
    hp: 1_000 - ((tick * (unit + 3)) % 997),
    ...(unit % 2 === tick % 2 ? { marks: Array.from({ length: tick % 4 }, (_, mark) => mark * tick) } : {}),
  }));
  return id === HEAVY ? { id, tick, units, padding: `${tick} `.repeat(20_000) } : { id, tick, units };
}

/** Returns whether the value is the correct one for its tick. */
export function isGenuine(topic: string, data: unknown): boolean {
  const { id, tick } = data as LogEntry;
  const [kind, expected] = topic.split('/');
  return id === expected && isDeepStrictEqual(data, kind === 'logs' ? { id, tick } : fieldAt(id, tick));
}
