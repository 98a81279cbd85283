import type { NewSession } from '@statewire/arena';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';

export class NewSessionDto implements NewSession {
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString()
  @Length(1, 24)
  @Matches(/^\P{C}*$/u, { message: 'name must be printable' })
  readonly name!: string;
}
