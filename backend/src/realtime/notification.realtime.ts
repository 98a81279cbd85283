import { UseFilters, UseGuards } from '@nestjs/common';
import { dismissNotification, notifications, type DismissNotification, type Notification } from '@statewire/arena';
import { ActionData, Caller, OnAction, OnTopic, RealtimeHandlers, TopicParams } from '@statewire/nest';
import type { TopicParameters } from '@statewire/protocol';

import { GameRequests } from '../game/game-requests.js';
import { inbox } from '../game/game-topics.js';
import type { Player } from '../session/player.js';
import { DismissNotificationDto } from './notification.dto.js';
import { OwnNotificationsGuard } from './own-notifications.guard.js';
import { PlayerGuard } from './player.guard.js';
import { RuleErrorFilter } from './rule-error.filter.js';

@RealtimeHandlers()
@UseFilters(RuleErrorFilter)
export class NotificationRealtime {
  constructor(private readonly game: GameRequests) {}

  @OnTopic(notifications)
  @UseGuards(OwnNotificationsGuard)
  follow(): void {
    // All notifications are publications. The history of the topic has the missed ones.
  }

  @OnTopic(inbox)
  @UseGuards(OwnNotificationsGuard)
  load(@TopicParams() { playerId }: TopicParameters<typeof inbox.pattern>): Promise<readonly Notification[]> {
    return this.game.load({ type: 'load-notifications', playerId });
  }

  @OnAction(dismissNotification)
  @UseGuards(PlayerGuard)
  async dismiss(
    @ActionData() { notificationId }: DismissNotificationDto,
    @Caller() { playerId }: Player,
  ): Promise<DismissNotification> {
    await this.game.ask({ type: 'dismiss', playerId, notificationId });
    return { notificationId };
  }
}
