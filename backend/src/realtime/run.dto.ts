import type { ChooseRoom, PickReward } from '@statewire/arena';
import { IsOptional, IsString, MaxLength } from 'class-validator';

import { MAX_ID_LENGTH } from './ids.js';

export class ChooseRoomDto implements ChooseRoom {
  @IsString()
  @MaxLength(MAX_ID_LENGTH)
  readonly runId!: string;

  @IsString()
  @MaxLength(MAX_ID_LENGTH)
  readonly roomId!: string;
}

export class PickRewardDto implements PickReward {
  @IsString()
  @MaxLength(MAX_ID_LENGTH)
  readonly runId!: string;

  @IsOptional()
  @IsString()
  @MaxLength(MAX_ID_LENGTH)
  readonly offerId?: string;
}
