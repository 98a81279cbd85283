/** A count or a number of bytes, which no other load of the machine changes. */
export interface Figure {
  /** The id in docs/performance.md. */
  readonly id: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The worst value that passes. */
  readonly bound: number;
  /** `exactly`: the value must be the bound. `at most`: it may be less. */
  readonly must: 'be exactly' | 'be at most';
}

/** The figures that are worse than their bounds. A figure that is no number fails. */
export function failuresOf(figures: readonly Figure[]): readonly Figure[] {
  return figures.filter(({ value, bound, must }) => (must === 'be exactly' ? value !== bound : !(value <= bound)));
}

export function lineOf({ id, name, value, unit, bound, must }: Figure): string {
  const [shown, shownBound] = [value, bound].map((one) =>
    Number(one.toFixed(4)).toLocaleString('en', { maximumFractionDigits: 4 }),
  );
  return `${id}: ${name} is ${shown} ${unit}; it must ${must} ${shownBound} ${unit}.`;
}
