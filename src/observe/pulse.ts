/**
 * Owns the proof that a role is alive: this code runs (so its event loop does), and the log does not go on without it.
 * A broker that is away is nobody's fault here: starting again would not bring it back.
 */
export class Pulse {
  #sequence = -1;
  /** Where the log ended at the last beat, as far as that is known. */
  #ends = 0;

  /**
   * `sequence`: the last entry applied; `ends`: the last entry of the log now, undefined when nobody could tell. False when
   * entries that were there at the last beat are still not applied and none has been since.
   */
  beat(sequence: number, ends: number | undefined): boolean {
    const isStuck = sequence === this.#sequence && sequence < this.#ends;
    this.#sequence = sequence;
    if (ends !== undefined) this.#ends = ends;
    return !isStuck;
  }
}
