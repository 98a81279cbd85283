import type { Stage } from './command.js';
import type { Page } from './page.js';
import { BOARDS } from './world.js';

/** The milliseconds within which a revocation takes effect. */
const REVOCATION_DEADLINE_MS = 1_000;

/** The time after which a revoked permission may not count; undefined without a notice to client or server. */
export type RevocationNotice = (stage: Stage, page: Page) => number | undefined | Promise<number | undefined>;

/** Revokes the connections of the user, at once or after a grace period. */
export const revokesUser =
  (grace: number): RevocationNotice =>
  async ({ simulation }, page) => {
    page.isRevoked = true;
    page.events.push({ type: 'identity' });
    await simulation.server.connections.revoke({ user: page.name }, { graceMs: grace });
    return simulation.clock.monotonic() + grace + REVOCATION_DEADLINE_MS;
  };

/** Revokes each connection of the user separately. */
export const revokesConnections: RevocationNotice = async ({ simulation }, page) => {
  page.isRevoked = true;
  page.events.push({ type: 'identity' });
  const { connections } = simulation.server;
  for (const { id, user } of connections.list()) {
    if (user === page.name) await connections.revoke({ connection: id });
  }
  return simulation.clock.monotonic() + REVOCATION_DEADLINE_MS;
};

/** The page presents its credentials again. The network decides their arrival. */
export const renewsToken: RevocationNotice = (_, page) => {
  page.reauthenticate();
  return undefined;
};

/** Revokes the permission for the followed board. */
export async function removePermission(stage: Stage, page: Page, notify: RevocationNotice | undefined): Promise<void> {
  const { world } = stage;
  const { boardId, name } = page;
  const left = [...world.permissionsOf(name)].filter((other) => other !== boardId);
  world.setPermissions(name, left);
  page.events.push({ type: 'revoked', boardId });
  page.lacksNotice = true;
  if (notify === undefined) return;
  const inForce = await notify(stage, page);
  page.lacksNotice = false;
  if (inForce !== undefined) page.revoked.push({ boardId, inForce, until: Infinity });
}

/** Grants all permissions again. A client learns this only with new credentials. */
export function restorePermissions({ world, simulation }: Stage, page: Page): void {
  world.setPermissions(page.name, BOARDS);
  for (const revoked of page.revoked) revoked.until = Math.min(revoked.until, simulation.clock.monotonic());
  page.reauthenticate();
}
