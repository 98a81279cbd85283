import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { battle, chooseRoom, pickReward, run, startRun } from '@statewire/arena';

import { provideArenaTesting, render, type Rendered } from '../../testing/render';
import { battleSnapshot, cardOffer, runSnapshot, SESSION } from '../../testing/samples';
import { SessionService } from '../game/session.service';
import { RunPage } from './run-page';

describe('RunPage', () => {
  let page: Rendered<RunPage>;

  beforeEach(async () => {
    sessionStorage.clear();
    provideArenaTesting();
    TestBed.inject(SessionService).keep(SESSION);
    page = await render(RunPage, { runId: 'r1' });
  });

  async function publish(overrides: Parameters<typeof runSnapshot>[0] = {}): Promise<void> {
    page.server.publish(run.with({ runId: 'r1' }), runSnapshot(overrides));
    await page.settle();
  }

  test('describes every room, and has buttons for those that the player can choose', async () => {
    await publish();
    expect(page.element.querySelector('[role="img"][data-room="a"]')?.getAttribute('aria-label')).toBe(
      'Battle: Salt mines, the party is here',
    );
    expect(page.buttons(/can be chosen now/)).toHaveLength(2);
    await page.click('Rest: Mossy hollow, can be chosen now');
    expect(page.server.expectAction(chooseRoom).data).toEqual({ runId: 'r1', roomId: 'c' });
  });

  test('allows no second choice while the first is unanswered', async () => {
    await publish();
    await page.click('Rest: Mossy hollow, can be chosen now');
    expect(page.buttons(/can be chosen now/)).toEqual([]);
    page.server.expectAction(chooseRoom).reject('conflict', 'Not now.');
    await page.settle();
    expect(page.buttons(/can be chosen now/)).toHaveLength(2);
  });

  test('shows the battle of the room and stops following it afterwards', async () => {
    await publish({ phase: 'in-battle', battleId: 'b1', choices: [] });
    page.server.publish(battle.with({ battleId: 'b1' }), battleSnapshot());
    await page.settle();
    expect(page.element.querySelector('arena-battle-view')?.textContent).toContain('Petra');
    await publish({ phase: 'reward', battleId: 'b1', choices: [], offers: [cardOffer()] });
    expect(page.element.querySelector('arena-battle-view')).toBeNull();
    expect(page.server.isFollowed(battle.with({ battleId: 'b1' }))).toBe(false);
  });

  test('lets the player pick a reward or skip it', async () => {
    await publish({ phase: 'reward', choices: [], offers: [cardOffer()] });
    await page.click(/Headsman/);
    const picked = page.server.expectAction(pickReward);
    expect(picked.data).toEqual({ runId: 'r1', offerId: 'offer-1' });
    picked.respond({ runId: 'r1', phase: 'reward', battleId: null });
    await page.settle();
    await page.click('Take nothing');
    expect(page.server.expectAction(pickReward).data).toEqual({ runId: 'r1' });
  });

  test('sells only affordable offers', async () => {
    await publish({
      phase: 'shop',
      choices: [],
      gold: 40,
      offers: [cardOffer({ id: 'cheap', price: 40 }), cardOffer({ id: 'dear', price: 41 })],
    });
    const disabled = [...page.element.querySelectorAll<HTMLButtonElement>('[data-offer]')].map(
      (offer) => offer.disabled,
    );
    expect(disabled).toEqual([false, true]);
  });

  test('has no controls for spectators', async () => {
    await publish({
      player: { playerId: 'p2', name: 'Grace', house: false },
      phase: 'reward',
      choices: [],
      offers: [cardOffer()],
    });
    expect(page.text).toContain('The player is choosing.');
    expect(page.element.querySelector<HTMLButtonElement>('[data-offer]')?.disabled).toBe(true);
    expect(page.buttons('Take nothing')).toEqual([]);
  });

  test('moves the focus from the pressed button to the heading of the next phase', async () => {
    await publish();
    expect(document.activeElement).toBe(document.body);
    page.button(/^Rest: Mossy hollow/).focus();
    await page.click(/^Rest: Mossy hollow/);
    page.server.expectAction(chooseRoom).respond({ runId: 'r1', phase: 'rest', battleId: null });
    await publish({ phase: 'rest', choices: [], offers: [cardOffer()] });
    expect(document.activeElement?.textContent).toBe('A quiet place');
    await publish({ phase: 'in-battle', choices: [], battleId: 'b1' });
    expect(document.activeElement).toBe(document.body);
    page.server.publish(battle.with({ battleId: 'b1' }), battleSnapshot());
    await page.settle();
    expect(document.activeElement?.textContent).toBe(battleSnapshot().title);
  });

  test('does not move the focus for spectators', async () => {
    const player = { playerId: 'p2', name: 'Grace', house: false };
    await publish({ player });
    await publish({ player, phase: 'rest', choices: [], offers: [cardOffer()] });
    expect(document.activeElement).toBe(document.body);
  });

  test('shows equal cards once with a count', async () => {
    const { card } = cardOffer();
    await publish({ deck: [card, card] });
    expect(page.text).toContain('Headsman × 2');
  });

  test('shows how the run ended and starts another', async () => {
    await publish({ phase: 'finished', outcome: 'lost', choices: [] });
    expect(page.element.querySelector('[aria-label="Result"]')?.textContent).toContain('The party did not come back.');
    await page.click('Start another run');
    expect(page.server.expectAction(startRun).data).toEqual({});
  });
});
