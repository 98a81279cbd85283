import type { Stage } from './command.js';
import type { Page } from './page.js';
import { BOARDS } from './world.js';

/** The milliseconds within which a revocation takes effect. */
const PROMISED = 1_000;

/** The time after which a revoked permission may not count; undefined without a notice to client or server. */
export type Teller = (stage: Stage, page: Page) => number | undefined | Promise<number | undefined>;

/** Revokes the connections of the user, at once or after a grace period. */
export const revokesUser =
  (grace: number): Teller =>
  async ({ simulation }, page) => {
    page.happenings.push({ type: 'identity' });
    await simulation.server.connections.revoke({ user: page.name }, { graceMs: grace });
    return simulation.clock.monotonic() + grace + PROMISED;
  };

/** Revokes each connection of the user separately. */
export const revokesConnections: Teller = async ({ simulation }, page) => {
  page.happenings.push({ type: 'identity' });
  const { connections } = simulation.server;
  for (const { id, user } of connections.list()) {
    if (user === page.name) await connections.revoke({ connection: id });
  }
  return simulation.clock.monotonic() + PROMISED;
};

/** The page presents its credentials again. The network decides their arrival. */
export const presentsAnew: Teller = (_, page) => {
  page.reauthenticate();
  return undefined;
};

/** Revokes the permission for the followed board. */
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

/** Grants all permissions again. A client learns this only with new credentials. */
export function giveRights({ world, simulation }: Stage, page: Page): void {
  world.setRights(page.name, BOARDS);
  for (const taken of page.taken) taken.until = Math.min(taken.until, simulation.clock.monotonic());
  page.reauthenticate();
}
