import { UseFilters, UseGuards } from '@nestjs/common';
import { dismissNotification, notifications, type DismissNotification } from '@statewire/arena';
import { ActionData, Caller, OnAction, OnTopic, RealtimeHandlers } from '@statewire/nest';

import { NotificationService } from '../game/notification.service.js';
import type { Player } from '../session/player.js';
import { DismissNotificationDto } from './notification.dto.js';
import { OwnNotificationsGuard } from './own-notifications.guard.js';
import { PlayerGuard } from './player.guard.js';
import { RuleErrorFilter } from './rule-error.filter.js';

@RealtimeHandlers()
@UseFilters(RuleErrorFilter)
export class NotificationRealtime {
  constructor(private readonly notifications: NotificationService) {}

  @OnTopic(notifications)
  @UseGuards(OwnNotificationsGuard)
  follow(): void {
    // All notifications are publications. The history of the topic has the missed ones.
  }

  @OnAction(dismissNotification)
  @UseGuards(PlayerGuard)
  async dismiss(
    @ActionData() { notificationId }: DismissNotificationDto,
    @Caller() { playerId }: Player,
  ): Promise<DismissNotification> {
    await this.notifications.dismiss(playerId, notificationId);
    return { notificationId };
  }
}
