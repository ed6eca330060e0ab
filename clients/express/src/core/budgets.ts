const mostKept = 100_000;

/** Token buckets by key: a tenth of a minute's requests at once, and the rest evenly. */
export class Budgets {
  private readonly buckets = new Map<string, { left: number; at: number }>();
  private readonly most: number;
  private readonly perMs: number;

  constructor(perMinute: number) {
    if (!(perMinute > 0)) throw new RangeError('perMinute is above 0.');
    this.most = Math.max(1, perMinute / 10);
    this.perMs = perMinute / 60_000;
  }

  tryTake(key: string, monotonic: number): boolean {
    const bucket = this.buckets.get(key) ?? { left: this.most, at: monotonic };
    bucket.left = Math.min(this.most, bucket.left + (monotonic - bucket.at) * this.perMs);
    bucket.at = monotonic;
    const admitted = bucket.left >= 1;
    if (admitted) bucket.left -= 1;
    // The least recently used goes first, and would be full again soonest.
    this.buckets.delete(key);
    if (this.buckets.size >= mostKept) this.buckets.delete(this.buckets.keys().next().value!);
    this.buckets.set(key, bucket);
    return admitted;
  }
}
