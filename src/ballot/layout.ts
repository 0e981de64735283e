/**
 * Owns where things lie in a memory, before there is one: places are taken one after another, then the memory is made that big.
 * Must never move or reuse a place.
 */

const ALIGNMENT = 16;

export class Layout {
  readonly #elementBytes: number;
  #end: number;

  constructor(elementBytes: number, firstPlace: number) {
    this.#elementBytes = elementBytes;
    this.#end = firstPlace;
  }

  /** The place of `count` field elements. */
  take(count: number): number {
    return this.takeBytes(count * this.#elementBytes);
  }

  takeBytes(bytes: number): number {
    const place = this.#end;
    this.#end = Math.ceil((place + bytes) / ALIGNMENT) * ALIGNMENT;
    return place;
  }

  get bytes(): number {
    return this.#end;
  }
}
