/**
 * Owns plane programs: straight lines of steps out = plus XOR (left AND right) over numbered planes, so that a gate's Boolean
 * polynomials run without a vector or a call per step. Must never branch: a program is public, what is on its planes is not.
 */
import { assert } from '../../base/errors.ts';

/** Two planes that every program finds: all zeros and all ones. Inputs follow. */
export const ZEROS = 0;
export const ONES = 1;
const FIRST_INPUT = 2;

/** The most planes a program may use: 128 KiB of a full block. */
export const MAX_PLANES = 256;

export interface PlaneProgram {
  /** Number of planes, the outputs being the last of them. */
  readonly planes: number;
  readonly inputs: number;
  readonly outputs: number;
  /** out, plus, left, right of each step. */
  readonly steps: Uint16Array;
}

/** The number of a plane in the program that made it. */
export type Plane = number;

/** Writes a program step by step. */
export class ProgramWriter {
  readonly #inputs: number;
  readonly #steps: number[] = [];
  #planes: number;

  constructor(inputs: number) {
    this.#inputs = inputs;
    this.#planes = FIRST_INPUT + inputs;
  }

  input(index: number): Plane {
    assert(index >= 0 && index < this.#inputs, 'the program has that input');
    return FIRST_INPUT + index;
  }

  /** A plane whose content is not defined before it is written. */
  plane(): Plane {
    return this.#planes++;
  }

  /** out = plus XOR (left AND right); `out` may be any of them, but no input. */
  step(out: Plane, plus: Plane, left: Plane, right: Plane): Plane {
    assert(out >= FIRST_INPUT + this.#inputs, 'inputs are not overwritten');
    this.#steps.push(out, plus, left, right);
    return out;
  }

  /** Ends the program with `outputs` more planes; `write` gives the steps of each. */
  finish(outputs: number, write: (out: Plane, index: number) => void): PlaneProgram {
    const first = this.#planes;
    this.#planes += outputs;
    for (let index = 0; index < outputs; index++) write(first + index, index);
    assert(this.#planes <= MAX_PLANES, 'the planes of a program fit the scratch memory');
    return {
      planes: this.#planes,
      inputs: this.#inputs,
      outputs,
      steps: Uint16Array.from(this.#steps),
    };
  }
}
