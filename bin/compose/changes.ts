/**
 * Owns who is told when something about a collaboration has changed at a client: in the log, in its own part, or on its desk.
 */
export class Changes {
  readonly #watching = new Set<(collaboration: string) => void>();

  /** Tells until the returned function is called. */
  watch(changed: (collaboration: string) => void): () => void {
    this.#watching.add(changed);
    return () => this.#watching.delete(changed);
  }

  tell(collaboration: string): void {
    for (const changed of this.#watching) changed(collaboration);
  }
}
