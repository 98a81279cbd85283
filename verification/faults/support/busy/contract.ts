import { action, eventTopic, stateTopic } from '@statewire/protocol';
import { isDeepStrictEqual } from 'node:util';

export interface Field {
  readonly id: string;
  readonly tick: number;
  readonly padding?: string;
  readonly units: readonly { readonly name: string; readonly hp: number; readonly marks?: readonly number[] }[];
}

export interface Entry {
  readonly id: string;
  readonly tick: number;
}

export interface Work {
  /** Each is done once, however often it is asked for. */
  readonly key: string;
  /** Milliseconds it takes. */
  readonly takes?: number;
  /** Whether it lasts until `World.release`. */
  readonly waits?: boolean;
}

export const field = stateTopic<Field>()('fields/:id');
export const log = eventTopic<Entry>()('logs/:id');
export const work = action<Work, string>('work');
/** Stops the event loop of the server for so many milliseconds. */
export const block = action<{ readonly milliseconds: number }, void>('block');

/** The field that is some 100 KiB, each tick anew. */
export const HEAVY = 'heavy';

/** The value of a field at its tick: everywhere and always the same, so that a wrong one shows. */
export function fieldAt(id: string, tick: number): Field {
  const units = Array.from({ length: 1 + (tick % 7) }, (_, unit) => ({
    name: `unit ${(unit * 3 + Math.floor(tick / 5)) % 11}`,
    hp: 1_000 - ((tick * (unit + 3)) % 997),
    ...(unit % 2 === tick % 2 ? { marks: Array.from({ length: tick % 4 }, (_, mark) => mark * tick) } : {}),
  }));
  return id === HEAVY ? { id, tick, units, padding: `${tick} `.repeat(20_000) } : { id, tick, units };
}

/** Whether it is what the server says at its tick. */
export function isGenuine(topic: string, data: unknown): boolean {
  const { id, tick } = data as Entry;
  const [kind, expected] = topic.split('/');
  return id === expected && isDeepStrictEqual(data, kind === 'logs' ? { id, tick } : fieldAt(id, tick));
}
