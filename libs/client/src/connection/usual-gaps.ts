/** Publications before a rhythm counts as one. */
const ENOUGH = 3;
const SHORTEST = 300;
const WEIGHT = 0.25;

interface Rhythm {
  last: number;
  gap: number;
  count: number;
  /** Its silence was noticed already; it says nothing more until it speaks again. */
  noticed: boolean;
}

/** How often topics usually speak, so that a silence can be told from a topic that has nothing to say. */
export class UsualGaps {
  private readonly rhythms = new Map<string, Rhythm>();

  /** @returns when the topic's silence becomes suspicious; undefined where it has no rhythm yet. */
  heard(topic: string, now: number): number | undefined {
    const rhythm = this.rhythms.get(topic);
    if (rhythm === undefined) {
      this.rhythms.set(topic, { last: now, gap: 0, count: 1, noticed: false });
      return undefined;
    }
    const gap = now - rhythm.last;
    // After a noticed pause the rhythm may be another one: believe so step by step, not at once.
    const believed = rhythm.noticed ? Math.min(gap, 2 * rhythm.gap + SHORTEST) : gap;
    rhythm.gap = rhythm.count === 1 ? believed : rhythm.gap + WEIGHT * (believed - rhythm.gap);
    rhythm.last = now;
    rhythm.count += 1;
    rhythm.noticed = false;
    return dueOf(rhythm);
  }

  /** Takes note of every silence that is suspicious at `now`: until it ends it says nothing more. */
  notice(now: number): void {
    for (const rhythm of this.rhythms.values()) {
      const due = dueOf(rhythm);
      if (due !== undefined && due <= now) rhythm.noticed = true;
    }
  }

  /** When the next silence becomes suspicious. */
  get due(): number | undefined {
    let earliest: number | undefined;
    for (const rhythm of this.rhythms.values()) {
      const due = dueOf(rhythm);
      if (due !== undefined && (earliest === undefined || due < earliest)) earliest = due;
    }
    return earliest;
  }

  forget(topic: string): void {
    this.rhythms.delete(topic);
  }
}

function dueOf({ last, gap, count, noticed }: Rhythm): number | undefined {
  return count < ENOUGH || noticed ? undefined : last + Math.max(3 * gap, SHORTEST);
}
