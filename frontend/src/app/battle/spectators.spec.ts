import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { spectators, type Spectator } from '@statewire/arena';
import type { Presence } from '@statewire/protocol';

import { provideArenaTesting, render, type Rendered } from '../../testing/render';
import { SESSION } from '../../testing/samples';
import { SessionService } from '../game/session.service';
import { Spectators } from './spectators';

const topic = spectators.with({ battleId: 'b1' });

function member(name: string, playerId = name): Presence<Spectator>['members'][number] {
  return { id: `member-${playerId}`, info: { playerId, name } };
}

const guest = { id: 'member-guest' };

describe('Spectators', () => {
  let view: Rendered<Spectators>;

  beforeEach(async () => {
    sessionStorage.clear();
    provideArenaTesting();
    view = await render(Spectators, { battleId: 'b1' });
  });

  async function publish(count: number, ...members: Presence<Spectator>['members']): Promise<void> {
    view.server.publish(topic, { count, members });
    await view.settle();
  }

  /** Returns the text of each spectator without the decoration. */
  const who = (): string[] =>
    [...view.element.querySelectorAll('[aria-label="Who is watching"] li')].map((item) => {
      const said = item.cloneNode(true) as Element;
      for (const decoration of said.querySelectorAll('[aria-hidden="true"]')) decoration.remove();
      return (said.textContent ?? '').replaceAll(/\s+/g, ' ').trim();
    });

  test('shows nothing before the first value, and nothing without spectators', async () => {
    expect(view.text).toBe('');
    await publish(0);
    expect(view.text).toBe('');
  });

  test('shows the number of spectators, and their names on request', async () => {
    await publish(3, member('Ada Lovelace'), member('Grace'), guest);
    const summary = view.element.querySelector('summary');
    expect(summary?.textContent.replaceAll(/\s+/g, ' ')).toContain('3 watching');
    expect([...(summary?.querySelectorAll('.face') ?? [])].map(({ textContent }) => textContent)).toEqual(['AL', 'G']);
    expect(view.element.querySelector('details')?.open).toBe(false);
    expect(who()).toEqual(['Ada Lovelace', 'Grace', '1 guest (you)']);
  });

  test('marks the player of this page, who is not a guest', async () => {
    TestBed.inject(SessionService).keep(SESSION);
    await publish(3, member('Ada', 'p1'), guest, { id: 'member-2' });
    expect(who()).toEqual(['Ada (you)', '2 guests']);
  });

  test('shows a few faces and the number of the others', async () => {
    await publish(1_000, ...['A', 'B', 'C', 'D', 'E', 'F'].map((name) => member(name)));
    expect(view.element.querySelectorAll('summary .face')).toHaveLength(4);
    expect(view.element.querySelector('details')?.getAttribute('data-spectators')).toBe('1000');
    expect(who().at(-1)).toBe('994 more');
  });

  test('hides decoration from screen readers, and announces nothing by itself', async () => {
    await publish(1, member('Ada'));
    for (const face of view.element.querySelectorAll('.face'))
      expect(face.closest('[aria-hidden="true"]')).not.toBeNull();
    expect(view.element.querySelector('[aria-live], [role="status"], [role="alert"]')).toBeNull();
  });

  test('shows when it is not current', async () => {
    await publish(2, member('Ada'), guest);
    expect(view.text).not.toContain('As last known');
    view.server.goOffline();
    await view.settle();
    expect(view.element.querySelector('details')?.className).toBe('stale');
    expect(view.text).toContain('As last known');
  });

  test('stays open while people come and go', async () => {
    await publish(1, member('Ada'));
    const details = view.element.querySelector('details');
    if (details) details.open = true;
    await publish(2, member('Ada'), guest);
    expect(view.element.querySelector('details')).toBe(details);
    expect(details?.open).toBe(true);
  });
});
