/**
 * Owns compiled WASM modules: finding one beside its code, and making instances of it. Must never run without it in silence: a
 * checkout that was not built is a fault with a name.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EXIT, MpcError } from './errors.ts';

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

/** A compiled module: code alone, which all its instances share. */
export type CompiledModule = object;

/** Reads and compiles a module. Throws `build.no-kernels` when it has not been built. */
export function compiledModule(compiled: URL): CompiledModule {
  try {
    return new WebAssembly.Module(readFileSync(compiled));
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

/** A new instance, and its exports. */
export function instanceOf(module: CompiledModule): unknown {
  return new WebAssembly.Instance(module).exports;
}

/** A new instance with a new memory of at least so many bytes, for a module that imports its memory. */
export function instanceWithMemory(
  module: CompiledModule,
  bytes: number,
): { readonly exports: unknown; readonly buffer: ArrayBuffer } {
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { exports, buffer: memory.buffer };
}
