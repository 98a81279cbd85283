import { ContractError } from './contract-error.js';
import type { JsonCompatible } from './json-compatible.js';
import { isTopicName } from './topic-name.js';

/** A command of the contract, with the types of its data and its result. */
export interface Action<Data = unknown, Result = unknown> {
  /** The name on the wire, in the form of a topic name: `battles/pause`. */
  readonly name: string;
  /** Carries the type of the data only. Never present at run time. */
  readonly __data?: Data;
  /** Carries the type of the result only. Never present at run time. */
  readonly __result?: Result;
}

/**
 * Declares an action.
 *
 * @throws ContractError if the name does not have the form of a topic name.
 * @example const pause = action<PauseBattle, BattleStatus>('battles/pause');
 */
export function action<Data extends JsonCompatible<Data> = unknown, Result extends JsonCompatible<Result> = unknown>(
  name: string,
): Action<Data, Result> {
  if (!isTopicName(name)) {
    throw new ContractError(
      `The action name ${JSON.stringify(name)} must be 1–16 segments of A–Z a–z 0–9 . _ ~ - joined by "/", at most 256 characters.`,
    );
  }
  return { name };
}
