import { describe, expect, it } from '@jest/globals';
import { notifications } from '@statewire/arena';

import { ANN, GameFixture } from '../testing/game-fixture.js';

describe('NotificationService', () => {
  it('tells every page of the player what was dismissed', async () => {
    const fixture = new GameFixture();
    await fixture.runs.start(ANN);
    const [notification] = fixture.notifications.list('ann');
    await fixture.notifications.dismiss('ann', notification!.id);

    expect(fixture.notifications.list('ann')).toEqual([]);
    expect(fixture.bus.published(notifications.with({ playerId: 'ann' }))).toEqual([
      { type: 'notified', notification },
      { type: 'dismissed', notificationId: notification!.id },
    ]);
  });

  it('refuses to dismiss what is not there, or not the player’s own', async () => {
    const fixture = new GameFixture();
    await fixture.runs.start(ANN);
    const [notification] = fixture.notifications.list('ann');

    await expect(fixture.notifications.dismiss('bob', notification!.id)).rejects.toThrow('no such notification');
    expect(fixture.notifications.list('ann')).toEqual([notification]);
  });

  it('keeps the newest of each player, and forgets the player who was quiet longest', async () => {
    const fixture = new GameFixture({ notificationsKept: 2, playersKept: 2, maxRuns: 1_000 });
    for (const playerId of ['ann', 'bob', 'ann', 'ann', 'cleo']) {
      await fixture.runs.start({ ...ANN, playerId });
    }

    expect(fixture.notifications.list('ann')).toHaveLength(2);
    expect(fixture.notifications.list('bob')).toEqual([]);
    expect(fixture.notifications.list('cleo')).toHaveLength(1);
  });
});
