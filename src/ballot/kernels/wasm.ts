/**
 * Owns the WASM make of the kernels: ballots.wasm's exports behind the face.
 * Must never lay anything out below RESERVED_BYTES: the module's constants and scratch are there.
 */
import { assert } from '../../base/errors.ts';
import { type CompiledModule, compiledModule, instanceWithMemory } from '../../base/wasm.ts';
import { type BallotKernels, type FieldKernels, RESERVED_BYTES } from './face.ts';

type Loops = Omit<FieldKernels, 'isCanonical' | 'lagrange'> & {
  isCanonical(vector: number, count: number): number;
  lagrange(out: number, at: number, nodes: number, weights: number, count: number): number;
};

/** Exports of exports.as.ts: each loop once for each field. */
type Exports = Pick<BallotKernels, 'turboShake' | 'move'> & {
  [Name in keyof Loops as `${Name}64`]: Loops[Name];
} & {
  [Name in keyof Loops as `${Name}128`]: Loops[Name];
} & { freeFrom(): number };

const COMPILED = new URL('./ballots.wasm', import.meta.url);

let compiled: CompiledModule | undefined;

/** Kernels with a new memory of at least that many bytes. Throws `build.no-kernels` when they have not been compiled. */
export function wasmKernels(bytes: number): BallotKernels {
  compiled ??= compiledModule(COMPILED);
  const { exports, buffer } = instanceWithMemory(compiled, bytes);
  // The module exports what exports.as.ts does.
  const kernels = exports as Exports;
  assert(kernels.freeFrom() <= RESERVED_BYTES, "the module's own data fits what is reserved for it");
  return {
    memory: new Uint8Array(buffer),
    turboShake: kernels.turboShake,
    move: kernels.move,
    field64: {
      expand: kernels.expand64,
      isCanonical: (vector, count) => kernels.isCanonical64(vector, count) === 1,
      add: kernels.add64,
      sub: kernels.sub64,
      scale: kernels.scale64,
      sum: kernels.sum64,
      sumRows: kernels.sumRows64,
      dot: kernels.dot64,
      lagrange: (out, at, nodes, weights, count) => kernels.lagrange64(out, at, nodes, weights, count) === 1,
      chunkWires: kernels.chunkWires64,
      chunkChecks: kernels.chunkChecks64,
      productPolynomial: kernels.productPolynomial64,
      composePolynomial: kernels.composePolynomial64,
      productSum: kernels.productSum64,
      evaluate: kernels.evaluate64,
    },
    field128: {
      expand: kernels.expand128,
      isCanonical: (vector, count) => kernels.isCanonical128(vector, count) === 1,
      add: kernels.add128,
      sub: kernels.sub128,
      scale: kernels.scale128,
      sum: kernels.sum128,
      sumRows: kernels.sumRows128,
      dot: kernels.dot128,
      lagrange: (out, at, nodes, weights, count) => kernels.lagrange128(out, at, nodes, weights, count) === 1,
      chunkWires: kernels.chunkWires128,
      chunkChecks: kernels.chunkChecks128,
      productPolynomial: kernels.productPolynomial128,
      composePolynomial: kernels.composePolynomial128,
      productSum: kernels.productSum128,
      evaluate: kernels.evaluate128,
    },
  };
}
