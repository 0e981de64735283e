/**
 * Owns a circuit's evaluation block by block: every wire is a plane over all instances, cut into blocks whose registers stay
 * in the cache; a level's steps run over one block after the other. Must never branch on a plane.
 *
 * Planes of a level's ANDs travel in vectors of their own (openings, masks, dealt products): block after block, in each block
 * the ANDs in order. The file's words are: the steps, the planes of one block on their way in or out, the blocks' registers.
 */
import type { CircuitProgram, Level } from '../circuits/levels.ts';
import type { RegisterFile } from '../ring/kernels/register-file.ts';
import { registerFile } from '../ring/kernels/registers.ts';
import type { Words } from '../ring/words.ts';
import type { ServerName } from './gate.ts';

/** A server's registers of one block, in words: half of what a core's second-level cache holds. */
const BLOCK_WORDS = 64 * 1024;
/** Fewer words a plane cost more in steps than the cache saves; more save nothing. Multiples of 4. */
const [LEAST_WORDS, MOST_WORDS] = [16, 128];

interface Block {
  /** Its place in a plane, and the words it holds of one. */
  readonly start: number;
  readonly words: number;
  /** Place of its registers in the file. */
  readonly file: number;
}

/** Places of a level's steps in the file, and their numbers. */
interface Steps {
  readonly xors: number;
  readonly xorCount: number;
  readonly ands: number;
  readonly andCount: number;
}

const NO_ANDS = new Uint16Array(0);
const evenWords = (numbers: Uint16Array): number => 2 * Math.ceil(numbers.length / 4);

export class CircuitBlocks {
  readonly #program: CircuitProgram;
  readonly #halves: 1 | 2;
  readonly #file: RegisterFile;
  readonly #steps: readonly Steps[];
  readonly #blocks: readonly Block[];
  /** Place of the planes on their way. */
  readonly #planes: number;

  /** `words` are those of a plane over all instances. Registers have two halves at a server, one at the dealer. */
  constructor(program: CircuitProgram, words: number, halves: 1 | 2) {
    this.#program = program;
    this.#halves = halves;
    const levels: readonly Level[] = [...program.levels, { xors: program.last, ands: NO_ANDS }];
    let end = 0;
    const take = (count: number): number => {
      end += count;
      return end - count;
    };
    this.#steps = levels.map(({ xors, ands }) => ({
      xors: take(evenWords(xors)),
      xorCount: xors.length / 3,
      ands: take(evenWords(ands)),
      andCount: ands.length / 4,
    }));
    // The same at dealer and servers: blocks decide where the bits of a level's vectors are.
    const fitting = Math.floor(BLOCK_WORDS / (2 * program.registers)) & ~3;
    const most = Math.min(MOST_WORDS, Math.max(LEAST_WORDS, fitting));
    const widest = Math.min(most, words) * Math.max(0, ...this.#steps.map(({ andCount }) => andCount));
    this.#planes = take(widest);
    this.#blocks = Array.from({ length: Math.ceil(words / most) }, (_, index) => {
      const start = index * most;
      const own = Math.min(most, words - start);
      return { start, words: own, file: take(program.registers * halves * own) };
    });
    this.#file = registerFile(end);
    const numbers = new Uint16Array(this.#file.words.buffer, 0, 2 * end);
    levels.forEach(({ xors, ands }, level) => {
      numbers.set(xors, 2 * this.#steps[level]!.xors);
      numbers.set(ands, 2 * this.#steps[level]!.ands);
    });
  }

  /** Puts a value's planes, one after the other, into the registers of the input bits from `first` on. */
  load(first: number, half: 0 | 1, planes: Words): void {
    const words = this.#wordsOfPlane();
    for (let at = 0, bit = first; at < planes.length; at += words, bit++) {
      const register = this.#program.inputs[bit]!;
      if (register === 0) continue;
      for (const block of this.#blocks) {
        const from = at + block.start;
        this.#file.words.set(planes.subarray(from, from + block.words), this.#placeOf(block, register, half));
      }
    }
  }

  /** The dealer's side of a level: its ANDs' masks in, what is dealt out: mask XOR product of the operands' masks. */
  deal(level: number, masks: Words): Words {
    const { ands, andCount } = this.#steps[level]!;
    return this.#eachBlock(level, masks, ({ file, words }) =>
      this.#file.multiplyMasks(file, ands, andCount, words, this.#planes),
    );
  }

  /** A server's side of a level: of what was dealt for its ANDs, this server's shares of them. */
  multiply(level: number, dealt: Words, server: ServerName): Words {
    const { ands, andCount } = this.#steps[level]!;
    return this.#eachBlock(level, dealt, ({ file, words }) =>
      this.#file.multiplyShares(file, ands, andCount, words, this.#planes, server === 'a'),
    );
  }

  /** The results of a level's ANDs: at the dealer masks (half 0), at a server masked planes (0) and shares of masks (1). */
  place(level: number, half: 0 | 1, planes: Words): void {
    const { ands, andCount } = this.#steps[level]!;
    for (const block of this.#blocks) {
      this.#bringIn(planes, block, andCount);
      const first = this.#placeOf(block, 0, half);
      const stride = this.#halves * block.words;
      this.#file.place(first, ands, andCount, stride, block.words, this.#planes);
    }
  }

  /** A server's shares of the output bits, plane after plane, once the last level is placed. */
  finish(server: ServerName): Words {
    const { outputs, negated, levels } = this.#program;
    const words = this.#wordsOfPlane();
    const out = new Uint32Array(outputs.length * words);
    for (const block of this.#blocks) this.#runXors(block, levels.length);
    outputs.forEach((register, bit) => {
      for (const block of this.#blocks) {
        const [masked, mask] = [0, 1].map((half) => this.#placeOf(block, register, half));
        const to = bit * words + block.start;
        const flip = negated[bit] === 1 ? -1 : 0;
        for (let i = 0; i < block.words; i++) {
          const share = this.#file.words[mask! + i]!;
          out[to + i] = server === 'a' ? share ^ this.#file.words[masked! + i]! ^ flip : share;
        }
      }
    });
    return out;
  }

  #runXors(block: Block, level: number): void {
    const { xors, xorCount } = this.#steps[level]!;
    this.#file.xors(block.file, xors, xorCount, this.#halves * block.words);
  }

  /** Runs a level's XORs and what `multiply` does to its planes, block by block. */
  #eachBlock(level: number, planes: Words, multiply: (block: Block) => void): Words {
    const { andCount } = this.#steps[level]!;
    const out = new Uint32Array(planes.length);
    for (const block of this.#blocks) {
      this.#runXors(block, level);
      this.#bringIn(planes, block, andCount);
      multiply(block);
      const made = this.#file.words.subarray(this.#planes, this.#planes + andCount * block.words);
      out.set(made, andCount * block.start);
    }
    return out;
  }

  #bringIn(planes: Words, block: Block, count: number): void {
    const from = count * block.start;
    this.#file.words.set(planes.subarray(from, from + count * block.words), this.#planes);
  }

  #placeOf(block: Block, register: number, half: number): number {
    return block.file + block.words * (this.#halves * register + half);
  }

  #wordsOfPlane(): number {
    const last = this.#blocks.at(-1);
    return last === undefined ? 0 : last.start + last.words;
  }
}
