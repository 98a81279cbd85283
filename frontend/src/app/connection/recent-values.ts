import type { Position } from '@statewire/protocol';

interface Seen {
  readonly position: Position;
  readonly value: unknown;
}

/**
 * The last values of one topic by position. Values share what did not change, so that keeping some costs little; it
 * lets a comparison look at the very position the server answered with, while the battle goes on.
 */
export class RecentValues {
  private readonly seen: Seen[] = [];

  constructor(private readonly capacity = 60) {}

  add(position: Position, value: unknown): void {
    const last = this.seen.at(-1)?.position;
    if (last?.epoch === position.epoch && last.offset === position.offset) return;
    this.seen.push({ position, value });
    if (this.seen.length > this.capacity) this.seen.shift();
  }

  at({ epoch, offset }: Position): unknown {
    return this.seen.find(({ position }) => position.epoch === epoch && position.offset === offset)?.value;
  }

  get newest(): Position | undefined {
    return this.seen.at(-1)?.position;
  }
}
