import { objectOf, oneOf, type Check, type FieldChecks } from './check.js';

interface Typed {
  readonly type: string;
}

/** The checks of all fields but `type`, for each type of frame. */
export type FrameChecks<Frame extends Typed> = {
  readonly [Type in Frame['type']]: FieldChecks<Omit<Extract<Frame, { type: Type }>, 'type'>>;
};

/** One check for each type of frame. A map, because a type such as `constructor` must not find what objects inherit. */
export function checksByType<Frame extends Typed>(checks: FrameChecks<Frame>): ReadonlyMap<string, Check<Frame>> {
  const entries = Object.entries<object>(checks);
  return new Map(
    entries.map(([type, fields]) => [type, objectOf({ type: oneOf(type), ...fields } as FieldChecks<Frame>)]),
  );
}
