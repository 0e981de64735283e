/**
 * Owns waiting for things to arrive, without sleeping: a list that tells when it is long enough.
 */
export class Collected<Item> {
  readonly items: Item[] = [];
  readonly #waiting = new Set<{ count: number; resolve: () => void }>();

  readonly add = (item: Item): void => {
    this.items.push(item);
    for (const waiter of this.#waiting) {
      if (this.items.length < waiter.count) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  };

  /** Resolves with everything so far as soon as there are `count` items. */
  async atLeast(count: number): Promise<readonly Item[]> {
    if (this.items.length < count)
      await new Promise<void>((resolve) => this.#waiting.add({ count, resolve }));
    return this.items;
  }
}

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

export const codeIs = (code: string) => (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === code;
