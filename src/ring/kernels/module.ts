/**
 * Owns the compiled kernels: where kernels.wasm is, what it exports, and whether this machine can run it.
 * Must never run without it in silence: a checkout that was not built is a fault with a name.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EXIT, MpcError } from '../../base/errors.ts';

/** What is used of WASM's JavaScript interface: Node has it, the type libraries of ECMAScript and Node have not. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports?: object) => { readonly exports: unknown };
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
};

export type WordKernel = (out: number, a: number, b: number, bytes: number) => void;

/** Exports of bits.as.ts, ring.as.ts and matrices.as.ts: pointers and sizes are bytes. */
export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly add: WordKernel;
  readonly sub: WordKernel;
  readonly mul: WordKernel;
  readonly mulAdd: WordKernel;
  readonly mulSub: WordKernel;
  readonly xor: WordKernel;
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
const PAGE_BYTES = 64 * 1024;

/** The smallest module that needs SIMD: it splats a byte and counts its bits. */
const SIMD_PROBE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0],
  ...[10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);

/** Whether this machine's WASM has SIMD. */
export function hasSimd(): boolean {
  return WebAssembly.validate(SIMD_PROBE);
}

/** A new instance of the module, with a memory of its own. Throws `build.no-kernels` when it has not been compiled. */
export function instantiateKernels(compiled: URL = COMPILED): Exports {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readCompiled(compiled)));
  // The module exports what its sources do, and its memory.
  return instance.exports as Exports;
}

let registersModule: object | undefined;

/** An instance of the register kernels with a new memory of at least so many bytes. Throws `build.no-kernels`. */
export function instantiateRegisters(bytes: number): {
  readonly kernels: RegisterExports;
  readonly buffer: ArrayBuffer;
} {
  // The compiled module is code alone: all instances share it.
  registersModule ??= new WebAssembly.Module(readCompiled(REGISTERS));
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = new WebAssembly.Instance(registersModule, { env: { memory } });
  // The module exports what registers.as.ts does.
  return { kernels: instance.exports as RegisterExports, buffer: memory.buffer };
}

function readCompiled(compiled: URL): Uint8Array {
  try {
    return readFileSync(compiled);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    const path = fileURLToPath(compiled);
    throw new MpcError('build.no-kernels', `the compiled kernels are missing: ${path}`, {
      hint: 'Run `npm run build` in the checkout.',
      exitCode: EXIT.badConfig,
      place: { file: path },
    });
  }
}
