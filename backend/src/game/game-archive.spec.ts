import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { notifications } from '@statewire/arena';

import { ANN, GameFixture } from '../testing/game-fixture.js';
import { FileArchive } from './file-archive.js';
import type { SavedGame } from './game-archive.js';

const LONG_ENOUGH = 5_000;

async function played(): Promise<{ readonly before: GameFixture; readonly saved: SavedGame }> {
  const before = new GameFixture();
  const { runId } = await before.runs.start(ANN);
  await before.runs.chooseRoom(runId, 'room-1-1');
  await before.play(LONG_ENOUGH);
  return { before, saved: JSON.parse(JSON.stringify(before.game.save())) as SavedGame };
}

describe('A game restored by another process', () => {
  it('is the same, and repeats the notifications of every player', async () => {
    const { before, saved } = await played();
    const after = new GameFixture({ seed: 2 });
    await after.game.restore(saved);

    expect(after.game.save()).toEqual(before.game.save());
    const topic = notifications.with({ playerId: ANN.playerId });
    expect(after.bus.published(topic)).toEqual(before.bus.published(topic));
  });

  it('continues the runs of the house', async () => {
    const { saved } = await played();
    const after = new GameFixture({ seed: 2 });
    await after.game.restore(saved);
    await after.play(LONG_ENOUGH);

    const unfinished = after.runs.snapshots.filter(({ phase }) => phase !== 'finished').map(({ runId }) => runId);
    expect(unfinished).toEqual(expect.arrayContaining(saved.runs.map(({ snapshot }) => snapshot.runId)));
  });

  it('removes decided battles in time', async () => {
    const before = new GameFixture({ battleLinger: 60_000 });
    await before.playUntil(() => before.battles.snapshots.some(({ status }) => status === 'won'));
    const { battleId } = before.battles.snapshots.find(({ status }) => status === 'won')!;
    const after = new GameFixture({ battleLinger: 2_000 });
    await after.game.restore(before.game.save());
    await after.play(1_000);
    expect(after.battles.snapshot(battleId)).toBeDefined();
    await after.play(3_000);
    expect(after.battles.snapshot(battleId)).toBeUndefined();
  });

  it.each(['runs', 'battles', 'notifications'] as const)(
    'is restored completely or not at all: %s are broken',
    async (part) => {
      const { saved } = await played();
      for (const list of [saved.runs, saved.battles, saved.notifications]) expect(list).not.toEqual([]);
      const after = new GameFixture({ seed: 2 });
      const broken = { ...saved, [part]: [...saved[part], [undefined, undefined]] };

      await expect(after.game.restore(broken)).rejects.toThrow();
      expect(after.game.save()).toEqual({ runs: [], battles: [], notifications: [] });
    },
  );
});

describe('FileArchive', () => {
  async function take(): Promise<readonly SavedGame[]> {
    const taken: SavedGame[] = [];
    await archive.take(async (game) => void taken.push(game));
    return taken;
  }

  let folder: string;
  let archive: FileArchive;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'arena-'));
    archive = new FileArchive(join(folder, 'game.json'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('is empty before the first game, and then has the last one completely', async () => {
    const { saved } = await played();
    expect(await take()).toEqual([]);
    await archive.save({ ...saved, runs: [] });
    await archive.save(saved);
    expect(await readdir(folder)).toEqual(['game.json']);
    expect(await take()).toEqual([saved]);
  });

  it('returns a game once, so a crash loses it', async () => {
    const { saved } = await played();
    await archive.save(saved);
    await take();
    expect(await take()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps a rejected game under another name that later saves do not replace', async () => {
    const { saved } = await played();
    const text = JSON.stringify({ ...saved, version: 2 });
    await writeFile(join(folder, 'game.json'), text);
    await expect(take()).rejects.toThrow(`version 2, and this server writes 1. It is kept in ${folder}`);
    await archive.save(saved);
    expect(await readFile(join(folder, 'game.json.refused'), 'utf8')).toBe(text);

    await expect(archive.take(() => Promise.reject(new Error('It is broken.')))).rejects.toThrow('It is broken.');
    expect(await readdir(folder)).toEqual(['game.json.refused']);
  });

  it('rejects a game of another version and invalid files', async () => {
    await writeFile(join(folder, 'game.json'), '{"version":0}');
    await expect(take()).rejects.toThrow('version 0');
    await writeFile(join(folder, 'game.json'), '{');
    await expect(take()).rejects.toThrow();
  });
});
