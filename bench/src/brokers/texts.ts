import { diff, type Json } from '@statewire/protocol';

import { createBattle, nextTick } from '../battle-model.js';
import { now } from '../clock.js';

const TICKS = 120;
/** All times have 16 digits, so that no text changes its length. */
const BASE_US = 1_000_000_000_000_000;
const TIME = /(?<=sentAt":)\d{16}/;

/** A value and its delta from the value before, as all arms publish them. */
export interface Texts {
  readonly data: string;
  readonly delta: string;
}

/** One battle that goes round: the first delta leads from the last value to the first. */
export function battleTexts(): readonly Texts[] {
  const values: Json[] = [];
  let battle = createBattle();
  for (let tick = 0; tick < TICKS; tick += 1) {
    battle = nextTick(battle, BASE_US + tick);
    values.push(JSON.parse(JSON.stringify(battle)) as Json);
  }
  return values.map((value, index) => ({
    data: JSON.stringify(value),
    delta: JSON.stringify(diff(values.at(index - 1)!, value)),
  }));
}

/** The text with the time of now. */
export function stamped(text: string): string {
  return text.replace(TIME, String(BASE_US + Math.round(now() * 1_000)));
}

/** Milliseconds since {@link stamped} made the text. */
export function ageOf(text: string): number {
  const at = text.indexOf('sentAt":') + 8;
  return now() - (Number(text.slice(at, at + 16)) - BASE_US) / 1_000;
}
