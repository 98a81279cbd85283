import type { Position } from '@statewire/protocol';

interface Seen {
  readonly position: Position;
  readonly value: unknown;
}

/**
 * The last values of one topic by position, so that a comparison finds the value at the position of the server's answer
 * while the battle goes on. Values share their unchanged parts, so that they need little memory.
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
}
