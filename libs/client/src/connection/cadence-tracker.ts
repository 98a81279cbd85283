/** Publications of a topic before its cadence counts. */
const MIN_PUBLICATIONS = 3;
const MIN_SILENCE_MS = 300;
/** Weight of the latest interval in the moving average. */
const LATEST_WEIGHT = 0.25;

interface Cadence {
  lastAt: number;
  /** Moving average of the milliseconds between two publications. */
  interval: number;
  publications: number;
  /** Whether the current silence was noticed. It does not count again until the topic publishes. */
  isNoticed: boolean;
}

/** Tracks the usual interval of each topic, to distinguish a dead connection from topics without publications. */
export class CadenceTracker {
  readonly #cadences = new Map<string, Cadence>();

  /** Records a publication. @returns when the topic's silence becomes suspicious; undefined while it has no cadence. */
  record(topic: string, now: number): number | undefined {
    const cadence = this.#cadences.get(topic);
    if (cadence === undefined) {
      this.#cadences.set(topic, { lastAt: now, interval: 0, publications: 1, isNoticed: false });
      return undefined;
    }
    const elapsed = now - cadence.lastAt;
    // After a noticed silence the topic may have another cadence. The average approaches it step by step.
    const counted = cadence.isNoticed ? Math.min(elapsed, 2 * cadence.interval + MIN_SILENCE_MS) : elapsed;
    const isFirst = cadence.publications === 1;
    cadence.interval = isFirst ? counted : cadence.interval + LATEST_WEIGHT * (counted - cadence.interval);
    cadence.lastAt = now;
    cadence.publications += 1;
    cadence.isNoticed = false;
    return dueOf(cadence);
  }

  /** Marks every silence as noticed that is suspicious at `now`. */
  noticeSilences(now: number): void {
    for (const cadence of this.#cadences.values()) {
      const due = dueOf(cadence);
      if (due !== undefined && due <= now) cadence.isNoticed = true;
    }
  }

  /** When the next silence becomes suspicious. */
  get due(): number | undefined {
    let earliest: number | undefined;
    for (const cadence of this.#cadences.values()) {
      const due = dueOf(cadence);
      if (due !== undefined && (earliest === undefined || due < earliest)) earliest = due;
    }
    return earliest;
  }

  forget(topic: string): void {
    this.#cadences.delete(topic);
  }
}

function dueOf({ lastAt, interval, publications, isNoticed }: Cadence): number | undefined {
  return publications < MIN_PUBLICATIONS || isNoticed ? undefined : lastAt + Math.max(3 * interval, MIN_SILENCE_MS);
}
