import { skipReason } from '@statewire/verification/servers';

import { Player, startArena, startRedis, type Arena } from './arena.js';
import type { ArenaPage } from './page.js';

/** A screen of the client, and the steps of a visitor to it. */
export interface Screen {
  readonly name: string;
  readonly open: (visitor: ArenaPage, arenas: Arenas) => Promise<void>;
}

export interface Arenas {
  /** A battle lasts for minutes. */
  readonly long: Arena;
  /** A battle lasts for seconds. */
  readonly short: Arena;
}

const isPhone = ({ page }: ArenaPage): boolean => (page.viewportSize()?.width ?? 0) < 600;

/** On a phone the panel is a drawer over the page. Elsewhere it is open from the start. */
async function openPanel(visitor: ArenaPage): Promise<void> {
  if (isPhone(visitor)) await visitor.page.locator('[data-status]').click();
  await visitor.page.getByRole('complementary', { name: 'Connection' }).waitFor();
}

async function refuseSockets(visitor: ArenaPage): Promise<void> {
  await openPanel(visitor);
  await visitor.page.getByRole('switch', { name: 'Refuse sockets here' }).click();
  if (isPhone(visitor)) await visitor.page.keyboard.press('Escape');
}

async function watchBattle(visitor: ArenaPage, { url }: Arena): Promise<void> {
  const { battleId } = await (await Player.join(url, 'Ada Lovelace')).startBattle();
  await visitor.page.goto(`${url}/battles/${battleId}`);
  await visitor.connection('live');
  await visitor.moves();
}

async function playAs({ page }: ArenaPage, { session }: Player): Promise<void> {
  await page.addInitScript((kept) => {
    if (location.protocol !== 'about:') sessionStorage.setItem('arena.session', JSON.stringify(kept));
  }, session);
}

/** Opens a battle of a player at four times the speed, until it is over. */
export async function watchToTheEnd(visitor: ArenaPage, { url }: Arena): Promise<void> {
  const player = await Player.join(url, 'Ada Lovelace');
  const { battleId } = await player.startBattle();
  await player.pause(battleId);
  await visitor.page.goto(`${url}/battles/${battleId}`);
  await visitor.page.locator('[data-battle-status="paused"]').waitFor();
  await player.setSpeed(battleId, 4);
  await player.resume(battleId);
  await visitor.page.getByRole('region', { name: 'Result' }).waitFor();
}

/** The server of the page has lost the broker, and the page has its connection. */
const STALE_BATTLE: Screen = {
  name: 'a battle whose server has lost its broker',
  open: async (visitor) => {
    const redis = await startRedis();
    await watchBattle(visitor, await startArena({ broker: redis.url }));
    redis.freeze();
    await visitor.page
      .getByText(/^Not live for/)
      .first()
      .waitFor();
  },
};

export const SCREENS: readonly Screen[] = [
  {
    name: 'the lobby',
    open: async (visitor, { long }) => {
      await visitor.page.goto(long.url);
      await visitor.connection('live');
      await visitor.moves();
    },
  },
  {
    name: 'the connection panel after a comparison',
    open: async (visitor, { long }) => {
      await visitor.page.goto(long.url);
      await visitor.connection('live');
      await visitor.moves();
      await openPanel(visitor);
      await visitor.compareBattle();
    },
  },
  { name: 'a battle', open: (visitor, { long }) => watchBattle(visitor, long) },
  {
    name: 'a battle of one’s own with the stats of a fighter',
    open: async (visitor, { long }) => {
      const player = await Player.join(long.url, 'Grace');
      const { runId } = await player.startBattle();
      await playAs(visitor, player);
      await visitor.page.goto(`${long.url}/runs/${runId}`);
      await visitor.page.getByRole('button', { name: 'Pause' }).waitFor();
      await visitor.page
        .getByRole('button', { name: /^Stats of/ })
        .first()
        .click();
    },
  },
  {
    name: 'a battle while the page polls',
    open: async (visitor, { long }) => {
      await watchBattle(visitor, long);
      await refuseSockets(visitor);
      await visitor.connection('polling');
    },
  },
  {
    name: 'a battle while the page is offline',
    open: async (visitor, { long }) => {
      await watchBattle(visitor, long);
      await visitor.page.route('**/realtime/**', (route) => route.abort());
      await refuseSockets(visitor);
      await visitor.connection('offline');
    },
  },
  ...(skipReason === undefined ? [STALE_BATTLE] : []),
  {
    name: 'the lobby of a page that never reached the server',
    open: async (visitor, { long }) => {
      await visitor.page.routeWebSocket(/\/ws/, (socket) => socket.close());
      await visitor.page.route('**/realtime/**', (route) => route.abort());
      await visitor.page.goto(long.url);
      await visitor.connection('offline');
    },
  },
  {
    name: 'a page that the server rejects',
    open: async (visitor, { long }) => {
      await visitor.page.routeWebSocket(/\/ws/, (socket) =>
        socket.close({ code: 4004, reason: 'This page is too old.' }),
      );
      await visitor.page.goto(long.url);
      await visitor.connection('denied');
      await visitor.page.getByRole('button', { name: 'Try again' }).waitFor();
    },
  },
  {
    name: 'an address without a battle',
    open: async (visitor, { long }) => {
      await visitor.page.goto(`${long.url}/battles/nonsense`);
      await visitor.page.getByRole('link', { name: 'To the lobby', exact: true }).waitFor();
    },
  },
  {
    name: 'a battle that is over',
    open: async (visitor, { short }) => {
      await watchToTheEnd(visitor, short);
      await visitor.page.getByText('Over: this is how it ended').waitFor();
    },
  },
  {
    name: 'the map of one’s own run with the notifications',
    open: async (visitor, { long }) => {
      const player = await Player.join(long.url, 'Joan');
      const runId = await player.startRun();
      await playAs(visitor, player);
      await visitor.page.goto(`${long.url}/runs/${runId}`);
      await visitor.page.locator('[data-phase="choosing"]').waitFor();
      await visitor.page.getByRole('button', { name: /notification/i }).click();
    },
  },
];
