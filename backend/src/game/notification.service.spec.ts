import { describe, expect, it } from '@jest/globals';
import { notifications } from '@statewire/arena';

import { ANN, GameFixture } from '../testing/game-fixture.js';

describe('NotificationService', () => {
  it('reports a dismissal to every page of the player', async () => {
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

  it('rejects the dismissal of a missing notification or one of another player', async () => {
    const fixture = new GameFixture();
    await fixture.runs.start(ANN);
    const [notification] = fixture.notifications.list('ann');

    await expect(fixture.notifications.dismiss('bob', notification!.id)).rejects.toThrow('no such notification');
    expect(fixture.notifications.list('ann')).toEqual([notification]);
  });

  it('keeps the newest notifications of each player, and drops the player who was inactive the longest', async () => {
    const fixture = new GameFixture({ notificationsKept: 2, playersKept: 2, maxRuns: 1_000 });
    for (const playerId of ['ann', 'bob', 'ann', 'ann', 'cleo']) {
      await fixture.runs.start({ ...ANN, playerId });
    }

    expect(fixture.notifications.list('ann')).toHaveLength(2);
    expect(fixture.notifications.list('bob')).toEqual([]);
    expect(fixture.notifications.list('cleo')).toHaveLength(1);
  });
});
