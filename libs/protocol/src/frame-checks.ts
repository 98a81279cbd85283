import { objectOf, oneOf, type Check, type FieldChecks } from './check.js';

interface Typed {
  readonly type: string;
}

/** For each type of frame, the checks of all fields except `type`. */
export type FrameChecks<Frame extends Typed> = {
  readonly [Type in Frame['type']]: FieldChecks<Omit<Extract<Frame, { type: Type }>, 'type'>>;
};

/**
 * Builds one check for each type of frame.
 *
 * @returns a map, because a lookup of the type `constructor` in an object would find an inherited property.
 */
export function checksByType<Frame extends Typed>(checks: FrameChecks<Frame>): ReadonlyMap<string, Check<Frame>> {
  const entries = Object.entries<object>(checks);
  return new Map(
    entries.map(([type, fields]) => [type, objectOf({ type: oneOf(type), ...fields } as FieldChecks<Frame>)]),
  );
}
