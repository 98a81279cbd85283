import type { DismissNotification } from '@statewire/arena';
import { IsString, MaxLength } from 'class-validator';

import { MAX_ID_LENGTH } from './ids.js';

export class DismissNotificationDto implements DismissNotification {
  @IsString()
  @MaxLength(MAX_ID_LENGTH)
  readonly notificationId!: string;
}
