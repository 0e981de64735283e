/** Holds XofTurboShake128 against the specification's vector, and TurboSHAKE128 against RFC 9861's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { BallotKernels } from '../../src/ballot/kernels/face.ts';
import { plainKernels } from '../../src/ballot/kernels/plain.ts';
import { concatBytes, hex } from '../../src/base/bytes.ts';

const MAKES: Record<string, (bytes: number) => BallotKernels> = { plain: plainKernels };

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
    const kernels = kernelsOf(4096);
    kernels.memory.set(message);
    kernels.turboShake(1024, 32, 0, message.length);
    assert.equal(hex.encode(kernels.memory.slice(1024, 1056)), vector.derived_seed);
    kernels.field128.expand(2048, vector.length, 0, message.length);
    const expanded = kernels.memory.slice(2048, 2048 + 16 * vector.length);
    assert.equal(hex.encode(expanded), vector.expanded_vec_field128);
  });

  test(`RFC 9861's outputs with ${make} kernels`, () => {
    const kernels = kernelsOf(4096);
    kernels.memory.fill(0xff, 0, 3);
    kernels.turboShake(1024, 32, 0, 3);
    assert.equal(hex.encode(kernels.memory.slice(1024, 1056)), OF_THREE_BYTES);
  });
}

/** Section 5: TurboSHAKE128(M = FF FF FF, D = 01, 32). */
const OF_THREE_BYTES = 'bf323f940494e88ee1c540fe660be8a0c93f43d15ec006998462fa994eed5dab';
