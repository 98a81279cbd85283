import { BATTLE_SPEEDS, type BattleCommand, type BattleSpeed, type SetBattleSpeed } from '@statewire/arena';
import { IsIn, IsString, MaxLength } from 'class-validator';

import { MAX_ID_LENGTH } from './ids.js';

export class BattleCommandDto implements BattleCommand {
  @IsString()
  @MaxLength(MAX_ID_LENGTH)
  readonly battleId!: string;
}

export class SetBattleSpeedDto extends BattleCommandDto implements SetBattleSpeed {
  @IsIn(BATTLE_SPEEDS)
  readonly speed!: BattleSpeed;
}
