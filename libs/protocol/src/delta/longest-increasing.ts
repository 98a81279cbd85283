/**
 * Returns the positions of a longest increasing subsequence of the numbers ≥ 0, by patience sorting in O(n log n).
 * Numbers below 0 are left out.
 *
 * @example longestIncreasing([4, 0, 1, 2, 3]) // Set { 1, 2, 3, 4 }
 */
export function longestIncreasing(numbers: readonly number[]): ReadonlySet<number> {
  /** For each length, the position of the smallest number with which an increasing subsequence of that length ends. */
  const ends: number[] = [];
  const previous: (number | undefined)[] = [];
  for (const [position, number] of numbers.entries()) {
    if (number < 0) continue;
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[ends[middle]!]! < number) low = middle + 1;
      else high = middle;
    }
    previous[position] = ends[low - 1];
    ends[low] = position;
  }
  const positions = new Set<number>();
  for (let position = ends.at(-1); position !== undefined; position = previous[position]) positions.add(position);
  return positions;
}
