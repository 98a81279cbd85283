import type { ChaosCut, ChaosWebSocket } from '@statewire/arena';
import { IsBoolean, IsString, MaxLength } from 'class-validator';

export class ChaosWebSocketDto implements ChaosWebSocket {
  @IsBoolean()
  readonly enabled!: boolean;
}

export class ChaosCutDto implements ChaosCut {
  @IsString()
  @MaxLength(64)
  readonly connectionId!: string;
}
