/** The smallest sample that at least `share` (0–1) of all samples do not exceed. Samples are sorted in place. */
export function percentile(samples: number[], share: number): number {
  if (samples.length === 0) return Number.NaN;
  samples.sort((a, b) => a - b);
  return samples[Math.min(samples.length - 1, Math.ceil(share * samples.length) - 1)] ?? Number.NaN;
}
