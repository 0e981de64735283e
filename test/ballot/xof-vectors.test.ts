/** Holds XofTurboShake128 against the specification's vector, and TurboSHAKE128 against RFC 9861's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { decodeVector, FIELD64 } from '../../src/ballot/field.ts';
import { RESERVED_BYTES } from '../../src/ballot/kernels/face.ts';
import { plainKernels } from '../../src/ballot/kernels/plain.ts';
import { wasmKernels } from '../../src/ballot/kernels/wasm.ts';
import { concatBytes, hex } from '../../src/base/bytes.ts';

const MAKES = { plain: plainKernels, wasm: wasmKernels };

const MESSAGE = RESERVED_BYTES;
const OUT = 2 * RESERVED_BYTES;

interface XofVector {
  readonly seed: string;
  readonly dst: string;
  readonly binder: string;
  readonly length: number;
  readonly derived_seed: string;
  readonly expanded_vec_field128: string;
}

for (const [make, kernelsOf] of Object.entries(MAKES)) {
  test(`the specification's vector with ${make} kernels`, () => {
    const file = new URL('./vectors/XofTurboShake128.json', import.meta.url);
    // The vector is the specification's, in the shape that its generator gives it.
    const vector = JSON.parse(readFileSync(file, 'utf8')) as XofVector;
    const [seed, dst, binder] = [vector.seed, vector.dst, vector.binder].map(hex.decode);
    const message = concatBytes(Uint8Array.of(dst!.length, 0), dst!, Uint8Array.of(32), seed!, binder!);
    const kernels = kernelsOf(8192);
    kernels.memory.set(message, MESSAGE);
    kernels.turboShake(OUT, 32, MESSAGE, message.length);
    assert.equal(hex.encode(kernels.memory.slice(OUT, OUT + 32)), vector.derived_seed);
    kernels.field128.expand(OUT, vector.length, MESSAGE, message.length);
    const expanded = kernels.memory.slice(OUT, OUT + 16 * vector.length);
    assert.equal(hex.encode(expanded), vector.expanded_vec_field128);
  });

  test(`a chunk beyond the modulus is skipped with ${make} kernels`, () => {
    const kernels = kernelsOf(2 * OUT + 8 * REJECTING.length);
    const message = Uint8Array.of(0, 0, 32, ...hex.decode(REJECTING.seed));
    kernels.memory.set(message, MESSAGE);
    kernels.field64.expand(OUT, REJECTING.length, MESSAGE, message.length);
    const last = kernels.memory.slice(OUT + 8 * (REJECTING.length - 1), OUT + 8 * REJECTING.length);
    assert.equal(decodeVector(FIELD64, last)[0], REJECTING.last);
  });

  test(`RFC 9861's outputs with ${make} kernels`, () => {
    const kernels = kernelsOf(8192);
    kernels.memory.fill(0xff, MESSAGE, MESSAGE + 3);
    kernels.turboShake(OUT, 32, MESSAGE, 3);
    assert.equal(hex.encode(kernels.memory.slice(OUT, OUT + 32)), OF_THREE_BYTES);
  });
}

/** Section 5: TurboSHAKE128(M = FF FF FF, D = 01, 32). */
const OF_THREE_BYTES = 'bf323f940494e88ee1c540fe660be8a0c93f43d15ec006998462fa994eed5dab';

/** A seed that the specification's authors searched for: one of its first elements of Field64 is rejected (test_xof.py). */
const REJECTING = {
  seed: '44341dc52d71a2ff2e4c305e9335da9b19afc68e10b8b543690dad9d3bbb46ba',
  length: 13883,
  last: 4857131209231097247n,
};
