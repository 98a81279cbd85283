import type { Stage } from './command.js';
import type { Page } from './page.js';
import { BOARDS } from './world.js';

/** The milliseconds within which a revocation takes effect. */
const PROMISED = 1_000;

/** From when on a right that is taken away may not count any more; undefined where nobody tells client or server. */
export type Teller = (stage: Stage, page: Page) => number | undefined | Promise<number | undefined>;

/** Who is connected in its name is shown the door, at once or after a grace. */
export const revokesUser =
  (grace: number): Teller =>
  async ({ simulation }, page) => {
    page.happenings.push({ type: 'identity' });
    await simulation.server.connections.revoke({ user: page.name }, { graceMs: grace });
    return simulation.clock.monotonic() + grace + PROMISED;
  };

/** The same for each of its connections. */
export const revokesConnections: Teller = async ({ simulation }, page) => {
  page.happenings.push({ type: 'identity' });
  const { connections } = simulation.server;
  for (const { id, user } of connections.list()) {
    if (user === page.name) await connections.revoke({ connection: id });
  }
  return simulation.clock.monotonic() + PROMISED;
};

/** The page presents its credentials again. When they arrive is up to the network. */
export const presentsAnew: Teller = (_, page) => {
  page.reauthenticate();
  return undefined;
};

/** Takes the right to see the board that the page follows. */
export async function takeRight(stage: Stage, page: Page, teller: Teller | undefined): Promise<void> {
  const { world } = stage;
  const { boardId, name } = page;
  const left = [...world.rightsOf(name)].filter((other) => other !== boardId);
  world.setRights(name, left);
  page.happenings.push({ type: 'barred', boardId });
  page.isUntold = true;
  if (teller === undefined) return;
  const inForce = await teller(stage, page);
  page.isUntold = false;
  if (inForce !== undefined) page.taken.push({ boardId, inForce, until: Infinity });
}

/** Gives all rights back. Only who presents credentials anew hears of that. */
export function giveRights({ world, simulation }: Stage, page: Page): void {
  world.setRights(page.name, BOARDS);
  for (const taken of page.taken) taken.until = Math.min(taken.until, simulation.clock.monotonic());
  page.reauthenticate();
}
