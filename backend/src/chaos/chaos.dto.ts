import type { ChaosWebSocket } from '@statewire/arena';
import { IsBoolean } from 'class-validator';

export class ChaosWebSocketDto implements ChaosWebSocket {
  @IsBoolean()
  readonly enabled!: boolean;
}
