import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { battle, lobby, startRun } from '@statewire/arena';

import { fakeFetch } from '../../testing/fake-fetch';
import { provideArenaTesting, render, type Rendered } from '../../testing/render';
import { battleSnapshot, lobbyState, SESSION } from '../../testing/samples';
import { SessionService } from '../game/session.service';
import { LobbyPage } from './lobby-page';

describe('LobbyPage', () => {
  let page: Rendered<LobbyPage>;

  beforeEach(async () => {
    sessionStorage.clear();
    provideArenaTesting();
    page = await render(LobbyPage);
  });

  async function publish(overrides: Parameters<typeof lobbyState>[0] = {}): Promise<void> {
    page.server.publish(lobby.with(), lobbyState(overrides));
    await page.settle();
  }

  async function enter(name: string): Promise<void> {
    const field = page.element.querySelector('input');
    if (field === null) throw new Error('There is no field for the name.');
    field.value = name;
    field.dispatchEvent(new Event('input'));
    page.element.querySelector('form')?.dispatchEvent(new Event('submit'));
    await page.settle();
  }

  test('lists battles and runs with links', async () => {
    await publish();
    const links = [...page.element.querySelectorAll('arena-battle-tile a, arena-run-tile a')];
    expect(links.map((link) => link.getAttribute('href'))).toEqual(['/battles/b1', '/runs/r1']);
    expect(page.element.querySelector('[aria-label="1 of 6 rooms"]')).not.toBeNull();
    const [first] = lobbyState().battles;
    // Its text names the link, so that it can be spoken as it is read.
    expect(links[0]?.hasAttribute('aria-label')).toBe(false);
    expect(links[0]?.textContent.trim()).toMatch(new RegExp(`^${first?.title}\\s*Fighting`));
  });

  test('shows one running battle live, and another one when it ends', async () => {
    await publish();
    page.server.publish(battle.with({ battleId: 'b1' }), battleSnapshot());
    await page.settle();
    expect(page.element.querySelector('arena-featured-battle')?.textContent).toContain('Petra');

    const [first] = lobbyState().battles;
    if (first === undefined) throw new Error('The sample has a battle.');
    await publish({
      battles: [
        { ...first, status: 'won' },
        { ...first, battleId: 'b2' },
      ],
    });
    expect(page.server.isFollowed(battle.with({ battleId: 'b1' }))).toBe(false);
    expect(page.server.isFollowed(battle.with({ battleId: 'b2' }))).toBe(true);
  });

  test('shows a message when there is no battle', async () => {
    await publish({ battles: [], runs: [] });
    expect(page.text).toContain('No battle at this moment');
    expect(page.text).toContain('Be the first.');
  });

  test('asks for a name before it starts a run', async () => {
    await enter('  ');
    expect(page.element.querySelector('[role="alert"]')?.textContent).toBe('Give a name first.');
    page.server.verify();
  });

  test('creates a session and starts a run', async () => {
    fakeFetch({ 'POST /api/session': { status: 201, body: SESSION } });
    await enter('Ada');
    expect(TestBed.inject(SessionService).current()).toEqual(SESSION);
    expect(page.server.expectAction(startRun).data).toEqual({});
  });

  test('shows the reason of the server for rejecting a name', async () => {
    fakeFetch({ 'POST /api/session': { status: 400, body: { message: 'Choose another name.' } } });
    await enter('root');
    expect(page.element.querySelector('[role="alert"]')?.textContent).toBe('Choose another name.');
  });

  test('leads a player back to the unfinished run', async () => {
    TestBed.inject(SessionService).keep(SESSION);
    await publish();
    expect(page.text).toContain('Your run goes on');
    expect(page.text).toContain('you');
  });
});
