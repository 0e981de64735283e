/**
 * Owns reading circuits in Bristol Fashion (nigelsmart.github.io/MPC-Circuits), basic and extended, with complaints by line.
 * Must never take what it does not understand: every wire is made once, before it is used, and every count is right.
 *
 * The format: a line of the numbers of gates and of wires; a line of the number of input values and the bits of each; the same
 * for output values; then a gate a line: how many wires it takes and makes, their numbers, its name. Input values are the
 * first wires, output values the last, each from its least significant bit up. Gates are XOR, AND, INV (or NOT), EQ (a wire
 * becomes the constant 0 or 1), EQW (a wire becomes another), and MAND: n ANDs, of the first n wires with the next n.
 */
import type { MpcError } from '../base/errors.ts';
import { bitsOf, CIRCUIT_LIMITS, type Circuit, checkWidths, circuitFault, GATE } from './circuit.ts';

/** Wires taken and made by each gate of one output. */
const FORMS: Readonly<Record<string, readonly [takes: number, makes: number]>> = {
  XOR: [2, 1],
  AND: [2, 1],
  INV: [1, 1],
  NOT: [1, 1],
  EQ: [1, 1],
  EQW: [1, 1],
};
const NOT_MADE = -1;
const SHAPE = 'a gate is: wires taken, wires made, their numbers, its name, as in `2 1 3 4 5 XOR`';

/** Throws `circuit.*` with file and line, exit code 65. */
export function parseBristol(text: string, file?: string): Circuit {
  return new Reader(text, file).read();
}

class Reader {
  readonly #lines: readonly string[];
  readonly #file: string | undefined;
  #at = 0;
  /** Number that each of the file's wires has in the circuit. */
  #wires: Int32Array = new Int32Array(0);
  #firstOutput = 0;
  #made = 0;
  #kinds: Uint8Array = new Uint8Array(0);
  #left: Uint32Array = new Uint32Array(0);
  #right: Uint32Array = new Uint32Array(0);
  #gates = 0;

  constructor(text: string, file: string | undefined) {
    this.#lines = text.split('\n');
    this.#file = file;
  }

  read(): Circuit {
    const [gates, wires] = this.#sizes();
    const inputs = this.#widths('input');
    const outputs = this.#widths('output');
    const inputBits = bitsOf(inputs);
    if (inputBits > wires || bitsOf(outputs) > wires)
      throw this.#fault('header', `the input or output bits do not fit ${wires} wires`, HEADER);
    this.#wires = new Int32Array(wires).fill(NOT_MADE);
    for (let wire = 0; wire < inputBits; wire++) this.#wires[wire] = wire;
    this.#firstOutput = wires - bitsOf(outputs);
    this.#made = inputBits;
    const most = wires - inputBits;
    this.#kinds = new Uint8Array(most);
    this.#left = new Uint32Array(most);
    this.#right = new Uint32Array(most);
    let seen = 0;
    for (let words = this.#next(); words !== undefined; words = this.#next()) {
      seen += 1;
      if (seen > gates)
        throw this.#fault('gate-count', `there are more than the ${gates} gates of line 1`, HEADER);
      this.#gate(words);
    }
    if (seen < gates)
      throw this.#fault('gate-count', `there are ${seen} gates, line 1 says ${gates}`, 'the file may be cut');
    const results = this.#wires.slice(this.#firstOutput);
    const missing = results.indexOf(NOT_MADE);
    if (missing >= 0)
      throw this.#fault(
        'output-not-made',
        `no gate makes the output wire ${this.#firstOutput + missing}`,
        'the outputs are the last wires',
      );
    return {
      inputs,
      outputs,
      kinds: this.#kinds.slice(0, this.#gates),
      left: this.#left.slice(0, this.#gates),
      right: this.#right.slice(0, this.#gates),
      results: Uint32Array.from(results),
    };
  }

  #sizes(): [gates: number, wires: number] {
    const words = this.#next();
    const [gates, wires, ...rest] = (words ?? []).map((word) => this.#number(word, 'header'));
    if (gates === undefined || wires === undefined || rest.length > 0)
      throw this.#fault('header', 'the first line is not the numbers of gates and wires', HEADER);
    if (gates > CIRCUIT_LIMITS.gates || wires > CIRCUIT_LIMITS.gates + CIRCUIT_LIMITS.bits)
      throw this.#fault(
        'too-large',
        `${gates} gates and ${wires} wires, ${CIRCUIT_LIMITS.gates} gates are allowed`,
        'split the circuit',
      );
    return [gates, wires];
  }

  /** The bits of each value. */
  #widths(what: 'input' | 'output'): number[] {
    const [count, ...widths] = (this.#next() ?? []).map((word) => this.#number(word, 'header'));
    const old = 'the older `Bristol Format`, with one line for inputs and outputs, has to be converted first';
    if (count === undefined || count !== widths.length)
      throw this.#fault(
        'header',
        `this line is not the number of ${what} values and the bits of each`,
        `${HEADER}; ${old}`,
      );
    if (widths.length === 0 || widths.includes(0))
      throw this.#fault('header', `there is no ${what} value, or one of no bits`, HEADER);
    checkWidths(what, widths, this.#place());
    return widths;
  }

  #gate(words: readonly string[]): void {
    const name = words.at(-1) ?? '';
    const [takes, makes, ...numbers] = words.slice(0, -1).map((word) => this.#number(word, 'gate'));
    const form = name === 'MAND' && makes !== undefined && makes > 0 ? [2 * makes, makes] : FORMS[name];
    if (form === undefined)
      throw this.#fault(
        'unknown-gate',
        name === 'MAND' ? 'a MAND makes no wire' : `there is no gate ${JSON.stringify(name.slice(0, 20))}`,
        'gates are XOR, AND, INV, EQ, EQW and MAND',
      );
    if (takes !== form[0] || makes !== form[1] || numbers.length !== takes + makes)
      throw this.#fault('gate', `this is not a gate ${name}`, SHAPE);
    const [taken, made] = [numbers.slice(0, takes), numbers.slice(takes)];
    if (name === 'EQ') {
      const [constant] = taken;
      if (constant !== 0 && constant !== 1)
        throw this.#fault(
          'gate',
          'EQ gives a wire the value 0 or 1',
          '`1 1 1 4 EQ` makes wire 4 the constant 1',
        );
      this.#make(made[0]!, constant === 1 ? GATE.one : GATE.zero, 0, 0);
      return;
    }
    const operands = taken.map((wire) => this.#known(wire));
    if (name === 'EQW') this.#assign(made[0]!, operands[0]!);
    else if (name === 'INV' || name === 'NOT') this.#make(made[0]!, GATE.inv, operands[0]!, 0);
    else {
      const kind = name === 'XOR' ? GATE.xor : GATE.and;
      for (const [k, wire] of made.entries()) this.#make(wire, kind, operands[k]!, operands[k + makes]!);
    }
  }

  #make(wire: number, kind: number, left: number, right: number): void {
    const gate = this.#gates;
    this.#assign(wire, this.#made);
    this.#kinds[gate] = kind;
    this.#left[gate] = left;
    this.#right[gate] = right;
    this.#gates += 1;
    this.#made += 1;
  }

  #assign(wire: number, number: number): void {
    if (this.#inRange(wire) !== NOT_MADE)
      throw this.#fault(
        'wire-twice',
        `wire ${wire} is made twice`,
        'each wire is an input or made by one gate',
      );
    this.#wires[wire] = number;
  }

  #known(wire: number): number {
    const number = this.#inRange(wire);
    if (number === NOT_MADE)
      throw this.#fault('wire-not-made', `wire ${wire} is used before a gate makes it`, 'sort the gates');
    return number;
  }

  #inRange(wire: number): number {
    const number = this.#wires[wire];
    if (number === undefined)
      throw this.#fault(
        'wire-range',
        `there is no wire ${wire}, line 1 says ${this.#wires.length} wires`,
        'wires are numbered from 0',
      );
    return number;
  }

  #number(word: string, code: string): number {
    if (!/^[0-9]{1,9}$/.test(word))
      throw this.#fault(
        code,
        `${JSON.stringify(word.slice(0, 20))} is not a number`,
        code === 'gate' ? SHAPE : HEADER,
      );
    return Number(word);
  }

  /** The words of the next line that is not empty. */
  #next(): string[] | undefined {
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at]!.trim();
      this.#at += 1;
      if (line !== '') return line.split(/\s+/);
    }
    return undefined;
  }

  #place(): { line: number; file?: string } {
    return { line: this.#at, ...(this.#file === undefined ? {} : { file: this.#file }) };
  }

  #fault(code: string, message: string, hint: string): MpcError {
    return circuitFault(code, message, hint, this.#place());
  }
}

const HEADER =
  'the first three lines are: gates and wires; the number of inputs and the bits of each; the same for outputs';
