/**
 * Owns the compiled kernels: where kernels.wasm and registers.wasm are, and what they export.
 * Must never run without them in silence: a checkout that was not built is a fault with a name.
 */
import { type CompiledModule, compiledModule, instanceOf, instanceWithMemory } from '../../base/wasm.ts';

export { hasSimd } from '../../base/wasm.ts';

export type WordKernel = (out: number, a: number, b: number, bytes: number) => void;

/** Exports of bits.as.ts, ring.as.ts, elements.as.ts and matrices.as.ts: pointers and sizes are bytes. */
export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly add: WordKernel;
  readonly sub: WordKernel;
  readonly mul: WordKernel;
  readonly mulAdd: WordKernel;
  readonly mulSub: WordKernel;
  readonly xor: WordKernel;
  fill(out: number, low: number, high: number, bytes: number): void;
  addMultiple(out: number, a: number, low: number, high: number, bytes: number): void;
  keepWhere(out: number, a: number, bits: number, bytes: number): void;
  negateWhere(out: number, a: number, bits: number, bytes: number): void;
  fromBits(out: number, bits: number, bytes: number): void;
  choose(
    out: number,
    product: number,
    x: number,
    y: number,
    xMask: number,
    yMask: number,
    bits: number,
    isA: number,
    bytes: number,
  ): void;
  splitMask(shifted: number, wrap: number, r: number, shift: number, bytes: number): void;
  truncate(out: number, shifted: number, masked: number, shift: number, isA: number, bytes: number): void;
  dot(out: number, a: number, b: number, bytes: number): void;
  bitPlanes(planes: number, ring: number, stride: number, squares: number, eights: number): void;
  digitOneHots(out: number, planes: number, count: number, stride: number): void;
  lessAndEqual(
    less: number,
    equal: number,
    oneHots: number,
    digits: number,
    count: number,
    stride: number,
  ): void;
  splitTop(sign: number, oneHot: number, digit: number, stride: number): void;
  runProgram(planes: number, steps: number, count: number, stride: number): void;
  groupTable(table: number, keys: number, values: number, rows: number, domain: number): void;
  turnedTables(out: number, keys: number, table: number, spare: number, rows: number, domain: number): void;
  addEntries(
    sums: number,
    oddSums: number,
    entries: number,
    keys: number,
    rows: number,
    domain: number,
  ): void;
  addProducts(
    sums: number,
    values: number,
    entries: number,
    products: number,
    keys: number,
    rows: number,
    domain: number,
  ): void;
  packColumns(out: number, matrix: number, rows: number, columns: number, groupRows: number): void;
  addTileProduct(out: number, a: number, packed: number, rows: number, inner: number, columns: number): void;
  counters(
    out: number,
    prefixLow: number,
    prefixHigh: number,
    low: number,
    high: number,
    count: number,
  ): void;
}

/** Exports of registers.as.ts: pointers and sizes are bytes. */
export interface RegisterExports {
  xors(file: number, steps: number, count: number, size: number): void;
  multiplyMasks(file: number, steps: number, count: number, size: number, planes: number): void;
  multiplyShares(file: number, steps: number, count: number, half: number, planes: number, own: number): void;
  place(file: number, steps: number, count: number, stride: number, size: number, planes: number): void;
}

const COMPILED = new URL('./kernels.wasm', import.meta.url);
const REGISTERS = new URL('./registers.wasm', import.meta.url);

/** A new instance of the module, with a memory of its own. Throws `build.no-kernels` when it has not been compiled. */
export function instantiateKernels(compiled: URL = COMPILED): Exports {
  // The module exports what its sources do, and its memory.
  return instanceOf(compiledModule(compiled)) as Exports;
}

let registersModule: CompiledModule | undefined;

/** An instance of the register kernels with a new memory of at least so many bytes. Throws `build.no-kernels`. */
export function instantiateRegisters(bytes: number): {
  readonly kernels: RegisterExports;
  readonly buffer: ArrayBuffer;
} {
  registersModule ??= compiledModule(REGISTERS);
  const { exports, buffer } = instanceWithMemory(registersModule, bytes);
  // The module exports what registers.as.ts does.
  return { kernels: exports as RegisterExports, buffer };
}
