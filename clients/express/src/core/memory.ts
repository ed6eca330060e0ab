import { createHash } from 'node:crypto';

/** A credential's text is never kept, only this. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64');

/** Bounded, each value with an end by the monotonic clock. What came first goes first. */
export class Memory<V> {
  private readonly kept = new Map<string, { value: V; until: number }>();

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.kept.size;
  }

  get(digest: string, monotonic: number): V | undefined {
    const entry = this.kept.get(digest);
    if (entry === undefined) return undefined;
    if (monotonic >= entry.until) {
      this.kept.delete(digest);
      return undefined;
    }

    return entry.value;
  }

  set(digest: string, value: V, until: number): void {
    this.kept.delete(digest);
    if (this.kept.size >= this.limit) this.kept.delete(this.kept.keys().next().value!);
    this.kept.set(digest, { value, until });
  }

  delete(digest: string): void {
    this.kept.delete(digest);
  }

  clear(): void {
    this.kept.clear();
  }
}
