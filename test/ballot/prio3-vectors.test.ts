/** Holds Prio3 against the specification's own test vectors, good and bad, operation by operation. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { aggregate, emptyAggregate, unshard } from '../../src/ballot/aggregate.ts';
import { type Circuit, count, histogram, multihotCountVec, sum, sumVec } from '../../src/ballot/circuits.ts';
import { FIELD64 } from '../../src/ballot/field.ts';

import { plainKernels } from '../../src/ballot/kernels/plain.ts';
import { wasmKernels } from '../../src/ballot/kernels/wasm.ts';
import { shard } from '../../src/ballot/shard.ts';
import {
  type VerifyState,
  verifierSharesToMessage,
  verifyInit,
  verifyNext,
} from '../../src/ballot/verify.ts';
import { Workspace } from '../../src/ballot/workspace.ts';
import { hex } from '../../src/base/bytes.ts';
import { MpcError } from '../../src/base/errors.ts';

const folder = new URL('./vectors/', import.meta.url);

interface Operation {
  readonly operation: string;
  readonly report_index: number;
  readonly aggregator_id: number;
  readonly success: boolean;
}

interface Vector {
  readonly operations: readonly Operation[];
  readonly reports: readonly {
    readonly measurement: unknown;
    readonly nonce: string;
    readonly rand: string;
    readonly public_share: string;
    readonly input_shares: readonly string[];
    readonly verifier_shares: readonly (readonly string[])[];
    readonly verifier_messages: readonly string[];
    readonly out_shares: readonly string[];
  }[];
  readonly agg_shares: readonly string[];
  readonly agg_result: unknown;
  readonly ctx: string;
  readonly verify_key: string;
  readonly shares: number;
  readonly length: number;
  readonly chunk_length: number;
  readonly max_measurement: number;
  readonly max_weight: number;
}

/** The draft's circuit with a gadget of degree 3, which it has for tests: x (x - 1) (x - 2) is 0. */
const higherDegree: Circuit<number, number> = {
  id: 0xffffffff,
  field: FIELD64,
  elements: 1,
  outputs: 1,
  gadget: { kind: 'polynomial', coefficients: [0n, 2n, -3n, 1n] },
  calls: 1,
  checks: { kind: 'each' },
  encode: (measurement) => Uint8Array.of(measurement),
  decode: ([total]) => Number(total),
};

/** The circuit and the number of proofs of each kind of vector; its measurements are what the vector holds. */
const KINDS: Record<string, (vector: Vector) => [circuit: Circuit<never, unknown>, proofs?: number]> = {
  Prio3Count: () => [count()],
  Prio3Sum: (v) => [sum(v.max_measurement)],
  Prio3SumVec: (v) => [sumVec(v.length, v.max_measurement, v.chunk_length)],
  Prio3Histogram: (v) => [histogram(v.length, v.chunk_length)],
  Prio3MultihotCountVec: (v) => [multihotCountVec(v.length, v.max_weight, v.chunk_length)],
  Prio3HigherDegree: () => [higherDegree],
  Prio3SumVecWithMultiproof: (v) => [
    sumVec(v.length, v.max_measurement, v.chunk_length, { id: 0xffffffff, field: FIELD64 }),
    3,
  ],
};

const MAKES = { plain: plainKernels, wasm: wasmKernels };

const files = readdirSync(folder).filter((name) => name.startsWith('Prio3'));

test('all vectors are here', () => {
  assert.equal(files.length, 25);
  assert.equal(files.filter((name) => name.includes('_bad_')).length, 8);
});

for (const [make, kernels] of Object.entries(MAKES)) {
  for (const file of files) {
    test(`${file.replace('.json', '')} with ${make} kernels`, () => {
      // The vectors are the specification's, in the shape that its generator gives them.
      const vector = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector;
      const [circuit, proofs = 1] = KINDS[file.split('_')[0]!]!(vector);
      // Measurements in vectors are of the circuit's own kind.
      const space = new Workspace(circuit as Circuit<unknown, unknown>, {
        shares: vector.shares,
        proofs,
        kernels,
      });
      assert.equal(run(space, vector), vector.operations.length);
    });
  }
}

/** Does all operations of a vector, and returns how many were checked. */
function run(space: Workspace<unknown, unknown>, vector: Vector): number {
  const context = hex.decode(vector.ctx);
  const states = new Map<string, VerifyState>();
  let checked = 0;
  for (const { operation, report_index, aggregator_id: server, success } of vector.operations) {
    const report = vector.reports[report_index]!;
    const stateOf = (index: number): VerifyState => states.get(`${report_index}/${index}`)!;
    const steps: Record<string, () => void> = {
      shard: () => {
        const made = shard(
          space,
          context,
          report.measurement,
          hex.decode(report.nonce),
          hex.decode(report.rand),
        );
        assert.equal(hex.encode(made.publicShare), report.public_share);
        assert.deepEqual(made.inputShares.map(hex.encode), report.input_shares);
      },
      verify_init: () => {
        const { state, verifierShare } = verifyInit(space, hex.decode(vector.verify_key), context, server, {
          nonce: hex.decode(report.nonce),
          publicShare: hex.decode(report.public_share),
          inputShare: hex.decode(report.input_shares[server]!),
        });
        states.set(`${report_index}/${server}`, state);
        assert.equal(hex.encode(verifierShare), report.verifier_shares[0]![server]);
      },
      verifier_shares_to_message: () => {
        const message = verifierSharesToMessage(space, context, report.verifier_shares[0]!.map(hex.decode));
        assert.equal(hex.encode(message), report.verifier_messages[0]);
      },
      verify_next: () => {
        const outShare = verifyNext(space, stateOf(server), hex.decode(report.verifier_messages[0]!));
        assert.equal(hex.encode(outShare), report.out_shares[server]);
      },
      aggregate: () => {
        const outShares = vector.reports.map(({ out_shares }) => hex.decode(out_shares[server]!));
        assert.equal(
          hex.encode(aggregate(space, emptyAggregate(space), outShares)),
          vector.agg_shares[server],
        );
      },
      unshard: () => {
        assert.deepEqual(unshard(space, vector.agg_shares.map(hex.decode)), vector.agg_result);
      },
    };
    if (success) steps[operation]!();
    else
      assert.throws(
        steps[operation]!,
        (error) => error instanceof MpcError && error.code.startsWith('ballot.'),
      );
    checked++;
  }
  return checked;
}
