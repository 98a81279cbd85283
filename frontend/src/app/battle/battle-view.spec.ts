import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { battle, pauseBattle, run, setBattleSpeed } from '@statewire/arena';

import { provideArenaTesting, render, type Rendered } from '../../testing/render';
import { battleSnapshot, combatant, foe, runSnapshot, SESSION } from '../../testing/samples';
import { GameStore } from '../game/game-store';
import { SessionService } from '../game/session.service';
import { Announcer } from '../shell/announcer';
import { BattleView } from './battle-view';

const topic = battle.with({ battleId: 'b1' });

describe('BattleView', () => {
  let view: Rendered<BattleView>;

  beforeEach(async () => {
    sessionStorage.clear();
    provideArenaTesting();
    const store = TestBed.inject(GameStore);
    store.battleId.set('b1');
    store.runId.set('r1');
    view = await render(BattleView, { headingLevel: 1 });
  });

  async function publish(overrides: Parameters<typeof battleSnapshot>[0] = {}): Promise<void> {
    view.server.publish(topic, battleSnapshot(overrides));
    await view.settle();
  }

  async function own(): Promise<void> {
    TestBed.inject(SessionService).keep(SESSION);
    view.server.publish(run.with({ runId: 'r1' }), runSnapshot());
    await view.settle();
  }

  test('shows a placeholder before the first value', () => {
    expect(view.text).toContain('Waiting for the battle');
  });

  test('names both sides and every fighter with its hit points', async () => {
    await publish();
    expect(view.element.querySelector('h1')?.textContent).toBe('Salt mines');
    expect(view.element.querySelector('[aria-label="Party"]')?.textContent).toContain('Petra');
    expect(view.element.querySelector('[aria-label="Foes"]')?.textContent).toContain('Ghoul');
    const meter = view.element.querySelector('[role="meter"][aria-label="Hit points of Petra"]');
    expect(meter?.getAttribute('aria-valuenow')).toBe('80');
    expect(meter?.getAttribute('aria-valuetext')).toBe('80 of 100');
  });

  test('shows every number of one position together', async () => {
    await publish();
    await publish({ tick: 11, party: [combatant({ hp: 70 })] });
    const frame = view.element.querySelector('arena-live-frame');
    expect(frame?.getAttribute('data-offset')).toBe('2');
    expect(view.element.querySelector('[data-battle]')?.getAttribute('data-tick')).toBe('11');
    expect(view.element.querySelector('[data-combatant="party-1"]')?.getAttribute('data-hp')).toBe('70');
  });

  test('shows damage and healing over time with the remaining time', async () => {
    const dot = {
      id: 'd',
      name: 'Burning',
      damage_type: 'Fire' as const,
      damage: 4,
      nextAt: 15,
      endsAt: 40,
      sourceId: 'x',
    };
    await publish({ tick: 10, party: [combatant({ dots: [dot] })] });
    const effects = view.element.querySelector('[aria-label="Effects"]')?.textContent.replaceAll(/\s+/g, '');
    expect(effects).toContain('Burning−43s');
  });

  test('shows new hits over the fighter for a while', async () => {
    await publish();
    await publish({ tick: 11, hits: [{ id: 1, tick: 11, targetId: 'foe-1', kind: 'critical', amount: 31 }] });
    const number = view.element.querySelector('[data-combatant="foe-1"] .critical');
    expect(number?.textContent.trim()).toBe('31!');
    number?.dispatchEvent(new Event('animationend'));
    await view.settle();
    expect(view.element.querySelector('.critical')).toBeNull();
  });

  test('opens the stats and passives of a fighter', async () => {
    await publish({ party: [combatant({ passives: [{ id: 'p', name: 'Thorns', text: 'Hits back.' }] })] });
    expect(view.text).not.toContain('Thorns');
    await view.click('Stats of Petra');
    expect(view.button('Stats of Petra').getAttribute('aria-expanded')).toBe('true');
    expect(view.text).toContain('Thorns Hits back.');
  });

  test('has no controls for spectators', async () => {
    await publish();
    expect(view.text).toContain('You are watching');
    expect(view.buttons('Pause')).toEqual([]);
  });

  test('lets the player pause and change the speed', async () => {
    await publish();
    await own();
    await view.click('Pause');
    expect(view.server.expectAction(pauseBattle).data).toEqual({ battleId: 'b1' });
    await view.click('4×');
    expect(view.server.expectAction(setBattleSpeed).data).toEqual({ battleId: 'b1', speed: 4 });
  });

  test('shows a pause and another speed at once, and undoes them if the server rejects them', async () => {
    await publish();
    await own();
    await view.click('Pause');
    await view.click('4×');
    expect(view.text).toContain('Paused');
    expect(view.button('4×').getAttribute('aria-pressed')).toBe('true');
    view.server.expectAction(setBattleSpeed).reject('forbidden', 'Not now.');
    await view.settle();
    expect(view.button('1×').getAttribute('aria-pressed')).toBe('true');
    expect(view.text).toContain('Paused');
    await publish({ status: 'won' });
    expect(view.element.querySelector('[aria-label="Result"]')?.textContent).toContain('Victory');
  });

  test('has a button to resume a paused battle', async () => {
    await publish({ status: 'paused' });
    await own();
    expect(view.buttons('Resume')).toHaveLength(1);
    expect(view.text).toContain('Paused');
  });

  test('shows how the battle ended', async () => {
    await publish({ status: 'lost', party: [combatant({ hp: 0 })] });
    expect(view.element.querySelector('[aria-label="Result"]')?.textContent).toContain('Defeat');
    expect(view.text).toContain('fallen');
  });

  test('announces deaths and the end, but not every line of the log', async () => {
    const entry = (id: number, kind: 'attack' | 'death', text: string) => ({ id, tick: id, kind, text });
    await publish({ log: [entry(1, 'death', 'Wolf has fallen.')] });
    await publish({ log: [entry(1, 'death', 'Wolf has fallen.'), entry(2, 'attack', 'Petra hits Ghoul: 3.')] });
    expect(TestBed.inject(Announcer).message()).toBe('');
    await publish({ foes: [foe({ hp: 0 })], log: [entry(3, 'death', 'Ghoul has fallen.')] });
    expect(TestBed.inject(Announcer).message()).toBe('Ghoul has fallen.');
  });

  test('keeps the last known battle while offline, with the age of the value', async () => {
    await publish();
    view.server.goOffline();
    await view.settle();
    expect(view.text).toMatch(/Not live for \d+ s/);
    expect(view.text).toContain('Petra');
    view.server.goPolling();
    await view.settle();
    expect(view.text).toContain('Polling: up to 2 s behind');
  });

  test('keeps a battle that the server took off the board, and says that it is over', async () => {
    await publish({ status: 'won' });
    view.server.reject(topic, 'unknown_topic', 'There is no such battle, or it is over.');
    await view.settle();
    expect(view.text).toContain('Over: this is how it ended');
    expect(view.text).toContain('Victory');
    expect(view.text).toContain('Petra');
    expect(view.element.querySelector('[role="alert"]')).toBeNull();
  });

  test('shows a message for an unknown battle', async () => {
    view.server.reject(topic, 'unknown_topic', 'There is no such battle.');
    await view.settle();
    expect(view.element.querySelector('[role="alert"]')?.textContent).toContain('There is no such battle.');
  });
});
